/** R24: does `act` for each of `items`. One for which it throws is handed to `onFailed`, and takes nobody's turn away. */
export function eachAlone<Item>(
  items: Iterable<Item>,
  act: (item: Item) => void,
  onFailed: (item: Item, error: unknown) => void,
): void {
  for (const item of items) {
    try {
      act(item);
    } catch (error) {
      onFailed(item, error);
    }
  }
}
