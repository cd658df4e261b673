// State that outlives the component that made it.
//
// What is still under way when a window goes away reads the state once more: it shall find it as it was,
// and not half taken apart.

/** Makes something whose derived state belongs to no component. */
export function lasting<T>(make: () => T): T {
  const made: T[] = [];
  $effect.root(() => {
    made.push(make());
  });
  const [one] = made;
  if (one === undefined) throw new Error("an effect root runs at once");
  return one;
}
