/** The addresses of one Sora: which one is asked, and which next where it fails. */

import type { SoraClient } from "../sora/client.ts";
import { SoraFailure } from "../sora/failure.ts";
import { toFailure } from "./call-log.ts";
import type { Clock } from "./clock.ts";

export interface AddressesOptions {
  /** One for each address, at least one; the first is asked first. */
  readonly clients: readonly SoraClient[];
  /** URL of the one to ask first, if it is there. */
  readonly begin?: string | undefined;
  /** For one attempt, in milliseconds. */
  readonly timeoutMs: number;
  /** For all attempts of one `ask` together, in milliseconds; not below `timeoutMs`. */
  readonly budgetMs: number;
  /** Told that another address has answered than the one before, and why that did not. */
  readonly onFailover: (from: SoraClient, to: SoraClient, failure: SoraFailure) => void;
}

export interface Addresses {
  /** The address that answered last; before any has, the first. */
  readonly active: SoraClient;
  /**
   * Asks the active address, then the others, until one answers. Where the time is over before all had theirs, the next
   * `ask` begins with the one whose turn it is, so that many that hang do not hide one that works for ever.
   *
   * @param attempt asks one address within a time, in milliseconds
   * @param stop gives it up
   * @throws SoraFailure with the reason of the first address that was asked, and what each said
   */
  ask<T>(attempt: (client: SoraClient, timeoutMs: number) => Promise<T>, stop: AbortSignal): Promise<T>;
}

export function createAddresses(options: AddressesOptions, clock: Clock): Addresses {
  const { clients, begin: beginUrl, timeoutMs, budgetMs, onFailover } = options;
  let active = Math.max(
    clients.findIndex(({ url }) => url === beginUrl),
    0,
  );
  let first = active;

  return {
    get active() {
      return clients[active]!;
    },
    async ask(attempt, stop) {
      const end = clock.monotonic() + budgetMs;
      const failures: { readonly client: SoraClient; readonly failure: SoraFailure }[] = [];
      const begin = first;
      first = active;
      for (let i = 0; i < clients.length; i++) {
        const index = (begin + i) % clients.length;
        const client = clients[index]!;
        const leftMs = end - clock.monotonic();
        if (leftMs <= 0) {
          first = index;
          break;
        }
        try {
          const answer = await attempt(client, Math.min(timeoutMs, leftMs));
          if (index !== active) onFailover(clients[active]!, client, failures[0]?.failure ?? NO_TURN);
          first = active = index;
          return answer;
        } catch (error) {
          if (stop.aborted) throw error;
          const failure = toFailure(error);
          if (failure.reason === "internal") throw failure;
          failures.push({ client, failure });
          if (failure.reason === "timeout" && leftMs < timeoutMs) {
            // Cut short, it has not had its time.
            first = index;
            break;
          }
        }
      }
      throw together(failures);
    },
  };
}

/** Where an `ask` begins with another address than the active one, that one has failed in the `ask` before. */
const NO_TURN = new SoraFailure("timeout", "no address has answered in time");

function together(failures: readonly { client: SoraClient; failure: SoraFailure }[]): SoraFailure {
  const [one, ...more] = failures;
  if (more.length === 0) return one!.failure;
  const each = failures.map(({ client, failure }) => `${client.url} ${failure.message}`);
  return new SoraFailure(one!.failure.reason, each.join("; "), { cause: one!.failure });
}
