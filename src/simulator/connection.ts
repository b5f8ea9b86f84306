/**
 * One connection from its first tick to its last: all parts of the simulation put together.
 */

import type { Form } from "../sora/documented.ts";
import { advanceMessages, createSoraLabels, shakeHands } from "./messages.ts";
import { observeNetwork } from "./network.ts";
import type { Plan } from "./plan.ts";
import { createRandom } from "./prng.ts";
import { advanceRtcp } from "./rtcp.ts";
import { advanceRtp } from "./rtp.ts";
import { copyDataChannel, copySections, createSections } from "./sections.ts";
import { createStanding } from "./spotlight.ts";
import type { Channel, Connection, Tick } from "./state.ts";
import { advanceIce, advanceSignaling, advanceTurn, connect } from "./transport.ts";
import { NEVER } from "./weather.ts";

/**
 * A connection that has just joined.
 *
 * @param nowMs milliseconds since the world's start
 */
export function createConnection(plan: Plan, nowMs: number): Connection {
  const connection: Connection = {
    plan,
    random: createRandom(plan.lifeKey, plan.slot.index, plan.life.index),
    sections: createSections(),
    soraLabels: createSoraLabels(),
    userLabels: [],
    ice: { state: "checking", sinceMs: nowMs, countedMs: nowMs, nextCheckMs: nowMs },
    network: { level: 0, up: 1, outage: NEVER, failsFromMs: Infinity },
    failing: null,
    offer: { audio: 0, low: 0, mid: 0, high: 0 },
    requests: null,
    standing: createStanding(),
  };
  connect(connection, nowMs);
  shakeHands(connection);
  return connection;
}

/** Counts one tick. The network of the connection, and what its channel offers, are already that of the tick. */
export function advanceConnection(connection: Connection, channel: Channel, tick: Tick): void {
  const { dtls } = connection.sections;
  const before = { received: dtls.total_received_dtls, sent: dtls.total_sent_dtls };
  const media = advanceRtp(connection, channel, tick);
  const packets = advanceRtcp(connection, channel, media);
  advanceMessages(connection, channel, tick);
  const checks = advanceIce(connection, tick);
  advanceTurn(connection, tick, checks, packets, {
    received: dtls.total_received_dtls - before.received,
    sent: dtls.total_sent_dtls - before.sent,
  });
  advanceSignaling(connection, tick);
  observeNetwork(connection, media, tick);
}

/**
 * The connection as Sora shows it: an object of its own, which later ticks do not change.
 *
 * @param without fields that are left out, such as `network_status.unstable_level`
 */
export function copyConnection(
  connection: Connection,
  form: Form,
  timestamp: string,
  without: readonly string[],
): object {
  const { plan, soraLabels, userLabels } = connection;
  const dataChannels: Record<string, object> = {};
  for (const { label, counters } of userLabels) dataChannels[label] = copyDataChannel(counters, form);
  dataChannels["e2ee"] = copyDataChannel(soraLabels.e2ee, form);
  dataChannels["notify"] = copyDataChannel(soraLabels.notify, form);
  dataChannels["push"] = copyDataChannel(soraLabels.push, form);
  dataChannels["signaling"] = copyDataChannel(soraLabels.signaling, form);
  dataChannels["stats"] = copyDataChannel(soraLabels.stats, form);
  const sections = copySections(connection.sections, form);
  for (const path of without) leaveOut(sections, path);
  return {
    channel_id: plan.channelId,
    client_id: plan.clientId,
    bundle_id: plan.bundleId,
    connection_id: plan.connectionId,
    timestamp,
    data_channel: dataChannels,
    ...sections,
  };
}

function leaveOut(sections: Record<string, unknown>, path: string): void {
  const dot = path.indexOf(".");
  const section = sections[path.slice(0, dot)] as Record<string, unknown>;
  Reflect.deleteProperty(section, path.slice(dot + 1));
}
