import { expect, test } from "vitest";
import { SoraFailure } from "../../src/sora/failure.ts";
import { type Operation, OPERATIONS } from "../../src/sora/operations.ts";
import { fixture } from "../support/build.ts";
import { parseExposition } from "../support/parse.ts";
import { ALL_CALLS, createTestTarget, type Sora } from "../support/target.ts";

const json = (name: string) => JSON.parse(fixture(`sora/${name}.json`)) as unknown;

const CONNECTION = {
  channel_id: "sora",
  client_id: "user-7",
  bundle_id: "B-DKF93NH82X3BDB0CVKEH32JMVR",
  connection_id: "DKF93NH82X3BDB0CVKEH32JMVR",
  rtp: { total_sent: 3188, total_received_byte_size: 4711 },
  network_status: { unstable_level: 1 },
};

const ANSWERS: Record<Operation, unknown> = {
  GetStatsAllConnections: [CONNECTION],
  ListConnections: json("list-connections"),
  GetStatsReport: json("stats-report"),
  ListClusterNodes: json("cluster-nodes"),
  GetLicense: json("license"),
  ListStartedRecording: json("started-recording"),
  ListArchiving: json("archiving"),
};

/** One round of all calls, of which one fails; without the line that names the Node.js at hand. */
async function expositionWithout(failing: Operation | "none"): Promise<string> {
  const sora: Sora = (operation) => {
    if (operation === failing) throw new SoraFailure("timeout", "no complete answer within 5000 ms");
    return ANSWERS[operation];
  };
  const one = createTestTarget(sora, { calls: ALL_CALLS });
  await one.poll();
  const text = await one.exposition();
  parseExposition(text, "prometheus-text");
  return text.replaceAll(/^.*sora_exporter_build_info.*\n/gm, "");
}

/**
 * The goldens were read against the answers once, and each against that where none fails: what differs is the series of the failing
 * call, and what the exporter says of it.
 */
test.each(["none", ...(Object.keys(OPERATIONS) as Operation[])] as const)(
  "the whole exposition where %s fails",
  async (failing) => {
    expect(await expositionWithout(failing)).toBe(fixture(`golden/failing/${failing}.txt`));
  },
);

test.each(Object.keys(OPERATIONS) as Operation[])(
  "where %s fails, nothing that other calls bring is missing or different",
  async (failing) => {
    const whole = (await expositionWithout("none")).split("\n");
    const lines = new Set((await expositionWithout(failing)).split("\n"));
    const missing = whole.filter((line) => !lines.has(line) && !line.startsWith("#"));
    const owner: Record<Operation, RegExp> = {
      GetStatsAllConnections: /^sora_(connection_(received|sent|unstable)|channel_)/,
      // Who a connection is, the list says in good part.
      ListConnections: /^sora_connection_(info|created|video)|^sora_(channel|target)_connections/,
      GetStatsReport:
        /^sora_(version|connections_|ongoing|duration|average|turn|received_inv|session|auth|successful|event|stats|srtp|sctp|client|connection_error|erlang|cluster_(raft|relay))/,
      ListClusterNodes: /^sora_cluster_(node|up)/,
      GetLicense: /^sora_license_/,
      ListStartedRecording: /^sora_recording_/,
      ListArchiving: /^sora_archiving_/,
    };
    // The statistics decide which connections the list is shown of: without them, all.
    const also =
      failing === "GetStatsAllConnections"
        ? /^sora_(up|last_poll|target_|connection_info)|^sora_exporter_(poll|connections|values|unknown|response)/
        : /^$/;
    const foreign = missing.filter(
      (line) => !owner[failing].test(line) && !/^sora_exporter_(call|series)/.test(line) && !also.test(line),
    );
    expect(foreign).toEqual([]);
    expect(missing.length).toBeGreaterThan(2);
  },
);
