// A list of rows as one stop of the Tab key: the arrow keys move through it.

export class Roving {
  #at = $state(0);

  /** `focus` brings a row into view and puts the focus there. */
  constructor(
    readonly count: () => number,
    readonly focus: (index: number) => void,
  ) {}

  /** The row that Tab leads to. */
  get at(): number {
    return Math.max(0, Math.min(this.#at, this.count() - 1));
  }

  /** For the `tabindex` of a row. */
  tabindex(index: number): 0 | -1 {
    return index === this.at ? 0 : -1;
  }

  /** A row got the focus, by a click or by Tab. */
  enter(index: number): void {
    this.#at = index;
  }

  readonly onkeydown = (event: KeyboardEvent): void => {
    const last = this.count() - 1;
    const to = { ArrowDown: this.at + 1, ArrowUp: this.at - 1, Home: 0, End: last }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (to < 0 || to > last) return;
    this.#at = to;
    this.focus(to);
  };
}
