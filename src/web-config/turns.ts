/** Tasks that are done one after the other, those of each address in turn. */

export interface TurnsLimits {
  /** How many tasks may wait. */
  readonly total: number;
  /** How many of one address. */
  readonly perAddress: number;
}

/** Has a task done, and gives what it gives; undefined where too many wait already. */
export type TakeTurn<T> = (address: string, task: () => Promise<T>) => Promise<T> | undefined;

/** Makes the queue, which is empty. */
export function createTurns<T>({ total, perAddress }: TurnsLimits): TakeTurn<T> {
  /** Those that wait, none of them empty; first whose turn is next. */
  const queues = new Map<string, (() => Promise<void>)[]>();
  let waiting = 0;
  let busy = false;

  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let next = take(); next !== undefined; next = take()) await next();
    busy = false;
  }

  function take(): (() => Promise<void>) | undefined {
    const [first] = queues;
    if (first === undefined) return undefined;
    const [address, [next, ...rest]] = first;
    queues.delete(address);
    if (rest.length > 0) queues.set(address, rest);
    waiting--;
    return next;
  }

  return (address, task) => {
    const queue = queues.get(address) ?? [];
    if (waiting >= total || queue.length >= perAddress) return undefined;
    const result = Promise.withResolvers<T>();
    queues.set(address, [...queue, () => Promise.resolve().then(task).then(result.resolve, result.reject)]);
    waiting++;
    void work();
    return result.promise;
  };
}
