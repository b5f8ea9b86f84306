/**
 * The scenario `ice-failures`: connections whose network goes and does not come back, so that ICE fails and they end.
 * Whatever has begun to fail fails, also if the scenario is over by then.
 */

import type { State } from "./population.ts";
import { disconnect, TICK_MS } from "./population.ts";
import { hash } from "./prng.ts";
import type { Scenario } from "./scenarios.ts";
import type { Connection, Tick } from "./state.ts";
import type { WorldOptions } from "./world.ts";

const SHARE = 0.5;
/** From the beginning of the scenario, or from joining: networks go within so long. */
const WITHIN_MS = 30_000;
/** 2.5 s to the next check, 5 s of checking, 10 s disconnected. */
const FAILURE_MS = 17_500;
/**
 * Sora ends what has failed; how long its statistics are still to be had is not documented. Here it is long enough for a
 * poll every ten seconds to see the failure.
 */
const LINGER_MS = 11_000;

/** Takes away the network of a connection if its time has come; to be called each tick while the scenario is on. */
export function beginFailing(
  connection: Connection,
  { sinceMs }: Scenario,
  { seed, startMs }: WorldOptions,
  tick: Tick,
): void {
  const { life, lifeKey } = connection.plan;
  if (connection.failing !== null || hash(seed, lifeKey, 0, 24) >= SHARE) return;
  const earliestMs = Math.max(sinceMs - startMs, life.joinTick * TICK_MS);
  const fromMs = earliestMs + Math.floor(hash(seed, lifeKey, 0, 25) * WITHIN_MS);
  const goneTick = Math.ceil((fromMs + FAILURE_MS + LINGER_MS) / TICK_MS);
  // Whoever leaves before would not be seen to fail.
  if (fromMs >= tick.toMs || goneTick >= life.leaveTick) return;
  connection.failing = { fromMs, goneTick };
}

/**
 * Ends the connections that have failed for long enough.
 *
 * @param target the tick up to which the world runs: what is not there any more then was not counted
 */
export function endFailed(state: State, target: number): void {
  for (const connection of state.connections) {
    if (connection?.failing?.goneTick !== state.tick) continue;
    const { joinTick, leaveTick } = connection.plan.life;
    disconnect(state, connection, leaveTick > target ? 0 : state.tick - Math.max(joinTick, state.fromTick));
  }
}
