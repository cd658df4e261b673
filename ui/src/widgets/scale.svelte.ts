// How large the text is, for what is drawn and cannot be measured in `rem`.

const USUAL_PX = 16;

class Scale {
  /** 1 is the usual size. */
  factor = $state(1);

  /** Pixels of the window in units of the usual text size. */
  units(px: number): number {
    return px / this.factor;
  }

  rem(px: number): number {
    return px / (USUAL_PX * this.factor);
  }
}

export const scale = new Scale();
