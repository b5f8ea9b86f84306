/** The targets that are polled: they come, change and go with the configuration, each without touching the others. */

import { isDeepStrictEqual } from "node:util";
import type { Config, TargetConfig } from "../config/config.ts";
import { openCredentials } from "../config/credentials.ts";
import { readRegularFile } from "../config/read-file.ts";
import type { Log } from "../log.ts";
import type { Clock } from "../poller/clock.ts";
import type { PollEvents } from "../poller/events.ts";
import { sumsGoOn } from "../poller/memory.ts";
import { pollTarget, spreadMs } from "../poller/poller.ts";
import { createTarget, type Target, type TargetEdges, type TargetOptions } from "../poller/target.ts";
import { LEVELS } from "../snapshot/snapshot.ts";
import { createSoraClient, type SoraClient } from "../sora/client.ts";
import { stackOf } from "../stack-of.ts";

export interface FleetEdges {
  readonly clock: Clock;
  readonly metrics: PollEvents;
  /** Makes the log of a target. */
  readonly logOf: (target: string) => Log;
  readonly record: TargetEdges["record"];
}

export interface Fleet {
  /** In the order of the configuration. */
  readonly targets: readonly Target[];
  /** Polls begin. */
  poll(): void;
  /**
   * Polls what the configuration says from now on. What has not changed of a target goes on: its polls where nothing has, its
   * sums where `sumsGoOn`. Calls must not overlap.
   */
  reconfigure(config: Config): Promise<void>;
  /** Gives up polls under way; none comes after. */
  close(): Promise<void>;
}

/** All that a target is made of. It is plain data, to be compared. */
type Settings = TargetConfig & TargetOptions;

interface Member {
  readonly settings: Settings;
  readonly clients: readonly SoraClient[];
  readonly target: Target;
  readonly stop: AbortController;
  /** When no poll of it comes any more. */
  polled: Promise<void>;
}

/** Makes the targets; they are not polled yet. */
export function createFleet(config: Config, edges: FleetEdges): Fleet {
  const { clock, metrics, logOf, record } = edges;
  let members = settingsOf(config).map((settings) => join(settings, openClients(settings)));
  let polling = false;

  function join(settings: Settings, clients: readonly SoraClient[], before?: Member): Member {
    const target = createTarget(
      settings,
      { clients, clock, metrics, log: logOf(settings.name), ...(record && { record }) },
      before !== undefined && sumsGoOn(before.settings, settings) ? before.target.memory() : undefined,
    );
    return { settings, clients, target, stop: new AbortController(), polled: Promise.resolve() };
  }

  function poll(member: Member, firstAfterMs: number): void {
    const { target, stop } = member;
    const complain = (error: unknown) =>
      logOf(target.name).error({ stack: stackOf(error) }, "a poll went wrong; the next one comes as usual");
    member.polled = pollTarget(target, { firstAfterMs, clock, signal: stop.signal, complain });
  }

  async function leave(gone: readonly Member[]): Promise<void> {
    for (const { stop } of gone) stop.abort();
    await Promise.all(gone.map(({ polled }) => polled));
    await Promise.all(gone.flatMap(({ clients }) => clients.map((client) => client.close())));
  }

  /** At once where somebody else is asked, or otherwise; else in the rhythm that there was. */
  function firstAfterMs({ target, settings }: Member, before: Member | undefined, spread: number): number {
    const { polledMs } = target.memory();
    if (before === undefined || polledMs === undefined || !isSameTransport(before.settings, settings))
      return spread;
    return Math.max(polledMs + settings.intervalMs - clock.monotonic(), 0);
  }

  return {
    get targets() {
      return members.map(({ target }) => target);
    },
    poll() {
      polling = true;
      for (const [i, member] of members.entries()) poll(member, spreadMs(member.target, i, members.length));
    },
    async reconfigure(next) {
      const before = new Map(members.map((member) => [member.settings.name, member]));
      // What may fail comes first, when nothing has changed yet.
      const planned = settingsOf(next).map((settings) => {
        const known = before.get(settings.name);
        const stays = known !== undefined && isDeepStrictEqual(known.settings, settings);
        return { settings, known, stays, clients: stays ? known.clients : openClients(settings) };
      });
      const staying = new Set(planned.flatMap(({ known, stays }) => (stays ? [known] : [])));
      await leave(members.filter((member) => !staying.has(member)));
      const changed = planned.filter(({ stays }) => !stays).length;
      let i = 0;
      members = planned.map(({ settings, known, stays, clients }) => {
        if (stays) return known!;
        const member = join(settings, clients, known);
        if (polling) poll(member, firstAfterMs(member, known, spreadMs(member.target, i++, changed)));
        return member;
      });
    },
    close() {
      polling = false;
      return leave(members);
    },
  };
}

function settingsOf(config: Config): Settings[] {
  const { report, info, choice, bounds } = config;
  const levels = LEVELS.filter(
    (level) => config.levels.includes(level) || config.otlp?.levels.includes(level) === true,
  );
  return config.targets.map((target) => ({ ...target, report, info, levels, choice, bounds }));
}

function openClients({ urls, ...target }: TargetConfig): SoraClient[] {
  const credentials = openCredentials(target, readRegularFile);
  return urls.map((url) => createSoraClient({ ...target, ...credentials, url }));
}

function isSameTransport(a: TargetConfig, b: TargetConfig): boolean {
  const of = ({ urls, headers, tls }: TargetConfig) => ({ urls, headers, tls });
  return isDeepStrictEqual(of(a), of(b));
}
