/**
 * What keeps a connection up: ICE checks, TURN, and the pings of signaling.
 */

import type { Packets } from "./rtcp.ts";
import { amount, below } from "./prng.ts";
import type { Connection, Tick } from "./state.ts";

/** ICE checks of one tick. */
export interface Checks {
  sent: number;
  answered: number;
}

const CONNECTED_EVERY_MS = 2_500;
const CHECKING_EVERY_MS = 1_000;
const DISCONNECTED_EVERY_MS = 50;
const CHECKING_FOR_MS = 5_000;
const DISCONNECTED_FOR_MS = 10_000;
const PING_TICKS = 5;
const REFRESH_TICKS = 60;
/** Requests of each kind that a client makes in a second of a TURN storm, at most. */
const STORM_REQUESTS = 40;

/** Counts the first check, whose answer connects, and the TURN requests that go before it. */
export function connect({ plan, ice, sections }: Connection, nowMs: number): void {
  const { ice_connection_state: counters, turn } = sections;
  counters.total_checking_req = 1;
  counters.total_checking_ack = 1;
  counters.total_checking_to_connected = 1;
  counters.total_checking_duration_ms = plan.rttMs;
  ice.state = "connected";
  ice.sinceMs = nowMs;
  ice.countedMs = nowMs;
  ice.nextCheckMs = nowMs + ((plan.lifeKey >>> 8) % CONNECTED_EVERY_MS);
  if (!plan.relays) return;
  // The first allocation is refused, as it brings no credentials yet.
  turn.total_received_allocate_request = 2;
  turn.total_sent_allocate_error = 1;
  turn.total_sent_allocate_success = 1;
  turn.total_received_create_permission_request = 1;
  turn.total_sent_create_permission_success = 1;
  turn.total_received_channel_bind_request = 1;
  turn.total_sent_channel_bind_success = 1;
}

/** Runs the checks of one tick. A check is answered unless the network is gone at its moment. */
export function advanceIce(connection: Connection, tick: Tick): Checks {
  const checks: Checks = { sent: 0, answered: 0 };
  const { ice, network } = connection;
  while (ice.state !== "failed" && ice.nextCheckMs < tick.toMs) {
    const nowMs = ice.nextCheckMs;
    const gone =
      nowMs >= network.failsFromMs || (nowMs >= network.outage.fromMs && nowMs < network.outage.toMs);
    check(connection, nowMs, !gone, checks);
  }
  countTime(connection, tick.toMs);
  return checks;
}

function check(connection: Connection, nowMs: number, answered: boolean, checks: Checks): void {
  const { ice } = connection;
  const counters = connection.sections.ice_connection_state;
  const inStateMs = nowMs - ice.sinceMs;
  if (ice.state === "checking" && inStateMs >= CHECKING_FOR_MS) {
    counters.total_checking_to_disconnected += 1;
    enter(connection, "disconnected", nowMs, DISCONNECTED_EVERY_MS);
    return;
  }
  if (ice.state === "disconnected" && inStateMs >= DISCONNECTED_FOR_MS) {
    counters.total_disconnected_to_failed += 1;
    enter(connection, "failed", nowMs, Infinity);
    return;
  }
  checks.sent += 1;
  checks.answered += answered ? 1 : 0;
  switch (ice.state) {
    case "connected":
      counters.total_connected_req += 1;
      if (answered) {
        counters.total_connected_ack += 1;
        ice.nextCheckMs += CONNECTED_EVERY_MS;
      } else {
        counters.total_connected_to_checking += 1;
        enter(connection, "checking", nowMs, CHECKING_EVERY_MS);
      }
      break;
    case "checking":
      counters.total_checking_req += 1;
      if (answered) {
        counters.total_checking_ack += 1;
        counters.total_checking_to_connected += 1;
        enter(connection, "connected", nowMs, CONNECTED_EVERY_MS);
      } else {
        ice.nextCheckMs += CHECKING_EVERY_MS;
      }
      break;
    default:
      counters.total_disconnected_req += 1;
      if (answered) {
        counters.total_disconnected_ack += 1;
        counters.total_disconnected_to_checking += 1;
        enter(connection, "checking", nowMs, CHECKING_EVERY_MS);
      } else {
        ice.nextCheckMs += DISCONNECTED_EVERY_MS;
      }
  }
}

function enter(
  connection: Connection,
  state: Connection["ice"]["state"],
  nowMs: number,
  nextMs: number,
): void {
  countTime(connection, nowMs);
  const { ice } = connection;
  ice.state = state;
  ice.sinceMs = nowMs;
  ice.nextCheckMs = nowMs + nextMs;
}

function countTime({ ice, sections: { ice_connection_state: counters } }: Connection, nowMs: number): void {
  if (ice.state === "checking") counters.total_checking_duration_ms += nowMs - ice.countedMs;
  else if (ice.state === "disconnected") counters.total_disconnected_duration_ms += nowMs - ice.countedMs;
  ice.countedMs = nowMs;
}

/**
 * Counts TURN: binding requests are the ICE checks of both sides, channel data is whatever goes through.
 *
 * @param packets RTP and RTCP of the tick
 * @param dtls DTLS packets of the tick
 */
export function advanceTurn(
  connection: Connection,
  tick: Tick,
  checks: Checks,
  packets: Packets,
  dtls: Packets,
): void {
  const { plan, random, network, sections } = connection;
  const { turn } = sections;
  const asked = amount(random, 0.4 * network.up);
  if (!plan.relays) {
    turn.total_received_binding_request += asked;
    turn.total_sent_binding_success += asked;
    return;
  }
  turn.total_received_turn_binding_request += asked;
  turn.total_sent_turn_binding_success += asked;
  turn.total_sent_turn_binding_request += checks.sent;
  turn.total_received_turn_binding_success += checks.answered;
  turn.total_received_channel_data += packets.received + dtls.received;
  turn.total_sent_channel_data += packets.sent + dtls.sent;
  if (network.up === 1 && (tick.index + plan.slot.index) % REFRESH_TICKS === 0) {
    turn.total_received_refresh_request += 1;
    turn.total_sent_refresh_success += 1;
    turn.total_received_create_permission_request += 1;
    turn.total_sent_create_permission_success += 1;
  }
  if (tick.turnStorm) floodTurn(connection);
}

/** Counts requests that are refused, and packets that make no sense. */
function floodTurn({ random, sections: { turn } }: Connection): void {
  const allocates = below(random, STORM_REQUESTS);
  const refreshes = below(random, STORM_REQUESTS);
  const binds = below(random, STORM_REQUESTS);
  const permissions = below(random, STORM_REQUESTS);
  turn.total_received_allocate_request += allocates;
  turn.total_sent_allocate_error += allocates;
  turn.total_received_refresh_request += refreshes;
  turn.total_sent_refresh_error += refreshes;
  turn.total_received_channel_bind_request += binds;
  turn.total_sent_channel_bind_error += binds;
  turn.total_received_create_permission_request += permissions;
  turn.total_sent_create_permission_error += permissions;
  turn.total_received_unknown_channel_number += below(random, STORM_REQUESTS);
  turn.total_received_expired_channel_number += below(random, STORM_REQUESTS);
  turn.total_received_invalid_channel_data += below(random, STORM_REQUESTS);
  turn.total_received_stun_invalid += below(random, STORM_REQUESTS);
  turn.total_received_turn_invalid_stun += below(random, STORM_REQUESTS);
}

/** Counts the pings on the WebSocket, unless signaling has left it for the data channel. */
export function advanceSignaling({ plan, network, sections: { signaling } }: Connection, tick: Tick): void {
  if (plan.signalsOverDataChannel || (tick.index + plan.slot.index) % PING_TICKS !== 0) return;
  signaling.total_sent_signaling_ping += 1;
  if (network.up > 0) signaling.total_received_signaling_pong += 1;
}
