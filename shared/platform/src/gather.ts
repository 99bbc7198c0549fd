/**
 * Does together what is asked for apart: `work` gets what was asked for in one turn of the event loop or, while it runs, until it has ended.
 * One run follows the other, so that the more is asked for, the more each run takes at once, and each run begins after all that it does was
 * asked for: what it reads is no older than the question.
 * @param work its result, or failure, is the answer to each who asked
 */
export function gather<Item, Result>(work: (items: readonly Item[]) => Promise<Result>): (item: Item) => Promise<Result> {
  let next: { items: Item[]; result: Promise<Result> } | undefined;
  let underWay: Promise<void> | undefined;

  return (item) => {
    if (next) {
      next.items.push(item);
      return next.result;
    }
    const items = [item];
    const turn = underWay ?? new Promise<void>((resolve) => setImmediate(resolve));
    const result = turn.then(() => {
      next = undefined;
      return work(items);
    });
    next = { items, result };
    const ended: Promise<void> = result
      .then(
        () => undefined,
        () => undefined, // whoever asked hears of it
      )
      .then(() => {
        if (underWay === ended) underWay = undefined;
      });
    underWay = ended;
    return result;
  };
}
