/** The totals of the asked node: of its connections, of those that have left, and of the machinery around them. */

import type { Ledger, Traffic } from "../ledger.ts";
import { totalTraffic } from "../ledger.ts";
import { hash } from "../prng.ts";
import type { Connection } from "../state.ts";
import { clusterSections } from "./cluster-report.ts";
import { VERSIONS } from "./cluster.ts";
import { describeErlang } from "./erlang.ts";
import type { Context, Operations } from "./operation.ts";

const SFU_DELAY_US = 340;
const UPDATE_SECONDS = 60;

export const REPORT: Operations = {
  "Sora_20171010.GetStatsReport": (_body, context) => {
    const totals = totalsOf(context);
    return {
      ...connectionTotals(totals, context),
      ...webhookTotals(totals),
      ...trafficTotals(totals.traffic),
      error: {
        sdp_generation_error: totals.ledger.sdpErrors,
        signaling_error: totals.ledger.signalingErrors,
      },
      erlang_vm: describeErlang(totals),
      sora_client: {
        total_failed_sora_client_type: totals.ledger.failedClients,
        total_successful_sora_client_type: totals.ledger.successfulClients,
      },
      ...(context.world.options.nodes > 1 ? clusterSections(totals, context) : {}),
      version: VERSIONS[context.world.options.form],
    };
  },
};

/** What the report is made from, all of it since Sora started. */
export interface Totals {
  ledger: Ledger;
  traffic: Traffic;
  ongoing: number;
  /** Connections whose session has said that it still lasts. */
  updated: number;
  /** Of all connections, those that are there too. */
  seconds: number;
  /** Since Sora started. */
  upMs: number;
}

/** The totals of a node. */
export function totalsOf({ world, node }: Context): Totals {
  const ledger = world.ledger(node);
  const there = world.members().filter(({ plan }) => plan.slot.node === node);
  const tick = Math.floor((world.nowMs - world.options.startMs) / 1_000);
  const age = ({ plan }: Connection): number => tick - plan.life.joinTick;
  const seconds = there.reduce((sum, connection) => sum + age(connection), ledger.seconds);
  return {
    ledger,
    traffic: totalTraffic(ledger, there),
    ongoing: there.length,
    updated: Math.floor(seconds / UPDATE_SECONDS),
    seconds,
    upMs: Math.max(0, world.nowMs - world.startedMs),
  };
}

function connectionTotals({ ledger, ongoing, updated, seconds, upMs }: Totals, context: Context): object {
  const { created, failed, turnTcp, turnUdp } = ledger;
  const minute = Math.floor(upMs / 60_000);
  return {
    average_duration_sec: created === 0 ? 0 : Math.floor(seconds / created),
    average_setup_time_msec:
      created === 0 ? 0 : 290 + Math.floor(hash(context.world.options.seed, context.node, minute, 82) * 160),
    total_connection_created: created,
    total_connection_destroyed: created - ongoing,
    total_connection_updated: updated,
    total_duration_sec: seconds,
    total_failed_connections: failed,
    total_ongoing_connections: ongoing,
    total_received_invalid_turn_tcp_packet: Math.floor(turnTcp / 50),
    total_session_created: ledger.sessionsCreated,
    total_session_destroyed: ledger.sessionsDestroyed,
    total_successful_connections: created,
    total_turn_tcp_connections: turnTcp,
    total_turn_udp_connections: turnUdp,
  };
}

/** Every attempt to connect asks the webhook for authentication; what happens is told to the others. */
function webhookTotals({ ledger, ongoing, updated }: Totals): object {
  const events = 2 * ledger.created - ongoing + updated;
  const sessions = ledger.sessionsCreated + ledger.sessionsDestroyed;
  const allowed = ledger.created + ledger.sdpErrors + ledger.signalingErrors;
  const lost = Math.floor(events / 500);
  return {
    total_auth_webhook_allowed: allowed,
    total_auth_webhook_denied: ledger.denied,
    total_failed_auth_webhook: 0,
    total_failed_event_webhook: lost,
    total_failed_session_webhook: 0,
    total_failed_stats_webhook: 0,
    total_ignored_event_webhook: 0,
    total_ignored_session_webhook: 0,
    total_ignored_stats_webhook: 0,
    total_successful_auth_webhook: allowed + ledger.denied,
    total_successful_event_webhook: events - lost,
    total_successful_session_webhook: sessions,
    total_successful_stats_webhook: updated,
  };
}

function trafficTotals(traffic: Traffic): object {
  return {
    total_decrypted_srtp: traffic.decryptedSrtp,
    total_decrypted_srtp_byte_size: traffic.decryptedSrtpBytes,
    total_received_sctp: traffic.receivedSctp,
    total_received_sctp_byte_size: traffic.receivedSctpBytes,
    total_received_srtp: traffic.receivedSrtp,
    total_received_srtp_byte_size: traffic.receivedSrtpBytes,
    total_sent_sctp: traffic.sentSctp,
    total_sent_sctp_byte_size: traffic.sentSctpBytes,
    total_sent_srtp: traffic.sentSrtp,
    total_sent_srtp_byte_size: traffic.sentSrtpBytes,
    total_sent_srtp_sfu_delay_us: traffic.sentSrtp * SFU_DELAY_US,
  };
}
