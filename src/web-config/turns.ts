/** Tasks that are done one after the other, those of each network in turn. */

export interface TurnsLimits {
  /** How many tasks may wait. */
  readonly total: number;
  /** How many of one network. */
  readonly perNetwork: number;
  /** How many of one address. */
  readonly perAddress: number;
}

/** Has a task done, and gives what it gives; undefined where too many wait, also where it gives its place to another. */
export type TakeTurn<T> = (address: string, task: () => Promise<T>) => Promise<T | undefined>;

interface Waiting {
  readonly address: string;
  readonly start: () => Promise<void>;
  readonly giveUp: () => void;
}

/**
 * Makes the queue, which is empty. Where it is full, the network with the most that wait gives up its last for one that has fewer:
 * many tasks of some keep out nobody who has none.
 *
 * @param networkOf of an address
 */
export function createTurns<T>(
  { total, perNetwork, perAddress }: TurnsLimits,
  networkOf: (address: string) => string,
): TakeTurn<T> {
  /** Those that wait, none of them empty; first whose turn is next. */
  const queues = new Map<string, readonly Waiting[]>();
  let waiting = 0;
  let busy = false;

  async function work(): Promise<void> {
    if (busy) return;
    busy = true;
    for (let next = take(); next !== undefined; next = take()) await next.start();
    busy = false;
  }

  function take(): Waiting | undefined {
    const [first] = queues;
    if (first === undefined) return undefined;
    const [network, [next, ...rest]] = first;
    queues.delete(network);
    if (rest.length > 0) queues.set(network, rest);
    waiting--;
    return next;
  }

  /** Makes room for one of a network that has so many. */
  function makeRoom(count: number): boolean {
    const [network, longest] = [...queues].reduce((a, b) => (b[1].length > a[1].length ? b : a));
    if (longest.length <= count + 1) return false;
    longest.at(-1)!.giveUp();
    queues.set(network, longest.slice(0, -1));
    waiting--;
    return true;
  }

  return (address, task) => {
    const network = networkOf(address);
    const queue = queues.get(network) ?? [];
    const ofAddress = queue.filter((one) => one.address === address);
    if (queue.length >= perNetwork || ofAddress.length >= perAddress) return Promise.resolve(undefined);
    if (waiting >= total && !makeRoom(queue.length)) return Promise.resolve(undefined);
    const { promise, resolve, reject } = Promise.withResolvers<T | undefined>();
    const start = () => Promise.resolve().then(task).then(resolve, reject);
    queues.set(network, [...queue, { address, start, giveUp: () => resolve(undefined) }]);
    waiting++;
    void work();
    return promise;
  };
}
