import { expect, test } from "vitest";
import { createWorld } from "../../src/simulator/world.ts";
import sample2022 from "../fixtures/sora/connection-2022.json" with { type: "json" };
import sample2024 from "../fixtures/sora/connection-2024.json" with { type: "json" };
import type { Answer } from "./reading.ts";
import { byId, leaves, options, read, START_MS } from "./reading.ts";

/** Looks at a world every so many seconds. */
function watch(
  changes: Parameters<typeof options>[0],
  seconds: number,
  every: number,
  look: (connections: Answer[], lossy: ReadonlySet<string>, second: number) => void,
): void {
  const world = createWorld(options(changes));
  const lossy = new Set(world.channels().flatMap(({ channelId, lossy }) => (lossy ? [channelId] : [])));
  for (let second = every; second <= seconds; second += every) {
    world.advanceTo(START_MS + second * 1_000);
    look(world.connections({ local: false }) as Answer[], lossy, second);
  }
}

/** Paths and types of the leaves; the users' labels are one, and what is there only when set is left out. */
function shape(connection: object): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [path, value] of leaves(connection)) {
    if (/max_(packet_life_time|retransmits)$/.test(path)) continue;
    found[path.replace(/^data_channel #.* (?=[a-z_]+$)/s, "data_channel # ")] = typeof value;
  }
  return found;
}

test.each([
  ["2022", sample2022],
  ["2024", sample2024],
] as const)("a connection has the keys and types of the %s sample", (form, sample) => {
  const expected = shape(sample);
  const withoutUsers = Object.fromEntries(
    Object.entries(expected).filter(([path]) => !path.startsWith("data_channel #")),
  );
  let withUsersChannel = 0;
  watch({ form, connections: 40 }, 300, 60, (connections) => {
    for (const connection of connections) {
      const users = Object.keys(connection.data_channel).some((label) => label.startsWith("#"));
      expect(shape(connection)).toEqual(users ? expected : withoutUsers);
      if (users) withUsersChannel += 1;
    }
  });
  expect(withUsersChannel).toBeGreaterThan(10);
});

test.each([1, 2, 3, 20_240_601])("identities hold at every moment (seed %i)", (seed) => {
  let checked = 0;
  watch({ seed, connections: 30 }, 900, 7, (connections, _lossy, second) => {
    for (const connection of connections) {
      const broken = Object.entries(identities(connection)).filter(([, holds]) => !holds);
      expect(broken, `${connection.connection_id} after ${second} s`).toEqual([]);
      checked += 1;
    }
  });
  expect(checked).toBeGreaterThan(3_000);
});

/** What must hold for any connection at any time, by name. */
function identities(connection: Answer): Record<string, boolean> {
  const rtp = (field: string): number => read(connection, `rtp total_${field}`);
  const rtcp = (field: string): number => read(connection, `rtcp total_${field}`);
  const ice = (field: string): number => read(connection, `ice_connection_state total_${field}`);
  const types = ["psfb_afb", "psfb_fir", "psfb_pli", "rr", "sdes", "sr", "unknown", "xr", "bye"].concat(
    ["generic_nack", "tmmbn", "tmmbr", "transport_wide"].map((type) => `rtpfb_${type}`),
  );
  const byType = (direction: string): number =>
    types.reduce((sum, type) => sum + rtcp(`${direction}_rtcp_${type}`), 0);
  const checkingEntered = 1 + ice("connected_to_checking") + ice("disconnected_to_checking");
  const inChecking = checkingEntered - ice("checking_to_connected") - ice("checking_to_disconnected");
  const disconnectedLeft = ice("disconnected_to_checking") + ice("disconnected_to_failed");
  const inDisconnected = ice("checking_to_disconnected") - disconnectedLeft;
  const layers = ["r0", "r1", "r2"].map((rid) => read(connection, `simulcast ${rid} rtp total_received_rtp`));
  return {
    received: rtp("received") === rtp("received_rtp") + rtcp("received_rtcp"),
    receivedBytes:
      rtp("received_byte_size") === rtp("received_rtp_byte_size") + rtcp("received_rtcp_byte_size"),
    sent: rtp("sent") === rtp("sent_rtp") + rtcp("sent_rtcp"),
    sentBytes: rtp("sent_byte_size") === rtp("sent_rtp_byte_size") + rtcp("sent_rtcp_byte_size"),
    skipped:
      rtp("decrypt_skipped_srtp") === rtp("decrypt_skipped_audio_srtp") + rtp("decrypt_skipped_video_srtp"),
    skippedIsReceived: rtp("decrypt_skipped_srtp") <= rtp("received_rtp"),
    receivedCompound: byType("received") >= rtcp("received_rtcp"),
    sentCompound: byType("sent") >= rtcp("sent_rtcp"),
    reportsAreCompound: rtcp("received_rtcp_sr") === rtcp("received_rtcp_sdes"),
    triggeredPlisAreSent: rtcp("pli_trigger") <= rtcp("sent_rtcp_psfb_pli"),
    nacksAreForPackets:
      rtcp("received_rtcp_rtpfb_generic_nack") <=
      rtcp("generic_nack_cache_hit") + rtcp("generic_nack_cache_miss"),
    layersArePartOfAll: layers.reduce((sum, packets) => sum + packets, 0) <= rtp("received_rtp"),
    connectedAcks: ice("connected_ack") <= ice("connected_req"),
    checkingAcks: ice("checking_ack") <= ice("checking_req"),
    disconnectedAcks: ice("disconnected_ack") <= ice("disconnected_req"),
    lostCheckIsTransition: ice("connected_req") - ice("connected_ack") === ice("connected_to_checking"),
    inOneStateAtMost: [inChecking, inDisconnected, inChecking + inDisconnected].every(
      (n) => n === 0 || n === 1,
    ),
    // A check every 50 ms, and none in the moment of entering the state.
    disconnectedChecks:
      Math.abs(ice("disconnected_duration_ms") / 50 - ice("disconnected_req")) <=
      ice("checking_to_disconnected"),
    checkingTakesTime: ice("checking_duration_ms") >= 1_000 * (ice("checking_req") - checkingEntered),
  };
}

test.each(["2022", "2024"] as const)("numbers are whole and counters never fall (form of %s)", (form) => {
  const last = new Map<string, Map<string, unknown>>();
  let compared = 0;
  watch({ form, seed: 5, connections: 30 }, 900, 9, (connections) => {
    for (const connection of connections) {
      const now = leaves(connection);
      const before = last.get(connection.connection_id);
      for (const [path, value] of now) {
        if (typeof value !== "number") continue;
        if (!Number.isSafeInteger(value) || value < 0) expect.fail(`${path} is ${value}`);
        const earlier = before?.get(path);
        if (!/ total_[^ ]*$/.test(path) || typeof earlier !== "number") continue;
        if (value < earlier) expect.fail(`${path} fell from ${earlier} to ${value}`);
        compared += 1;
      }
      last.set(connection.connection_id, now);
    }
  });
  expect(compared).toBeGreaterThan(100_000);
});

test("audio is 50 packets a second, and video some hundred to 2,500 kbit/s", () => {
  const bitrates: number[] = [];
  watch({ channels: 2, connections: 40 }, 20, 20, (connections, lossy) => {
    for (const connection of connections.filter(({ channel_id }) => !lossy.has(channel_id))) {
      const received = read(connection, "rtp_hdr_ext total_received_rtp_hdr_ext_audio_level");
      if (received === 0) continue;
      expect(received / 20).toBeGreaterThan(40);
      expect(received / 20).toBeLessThan(51);
      bitrates.push((read(connection, "rtp total_received_rtp_byte_size") * 8) / 20);
    }
  });
  expect(Math.max(...bitrates)).toBeGreaterThan(1_000_000);
  expect(Math.max(...bitrates)).toBeLessThan(3_000_000);
});

test("there are senders, receivers, those who do both, and simulcast", () => {
  const roles = new Set<string>();
  let simulcast = 0;
  watch({}, 30, 30, (connections) => {
    for (const connection of connections) {
      const sends = read(connection, "rtp total_received_rtp") > 0;
      const receives = read(connection, "rtp total_sent_rtp") > 0;
      roles.add(`${sends ? "send" : ""}${receives ? "recv" : ""}`);
      const [low, high] = ["r0", "r2"].map((rid) =>
        read(connection, `simulcast ${rid} rtp total_received_rtp_byte_size`),
      ) as [number, number];
      if (high === 0) continue;
      expect(low).toBeGreaterThan(0);
      simulcast += 1;
    }
  });
  expect([...roles]).toEqual(expect.arrayContaining(["sendrecv", "send", "recv"]));
  expect(simulcast).toBeGreaterThan(3);
});

test("lossy channels have their bursts, and calm ones have none", () => {
  const levels = new Set<number>();
  const roundTrips: Record<"calm" | "worst", number[]> = { calm: [], worst: [] };
  let calm = 0;
  watch({ connections: 60 }, 900, 5, (connections, lossy) => {
    for (const connection of connections) {
      const level = read(connection, "network_status unstable_level");
      if (!lossy.has(connection.channel_id)) {
        const worse = [1, 2, 3].map((n) => read(connection, `network_status total_unstable_level${n}`));
        expect([level, ...worse]).toEqual([0, 0, 0, 0]);
        expect(read(connection, "ice_connection_state total_connected_to_checking")).toBe(0);
        calm += 1;
        continue;
      }
      levels.add(level);
      const roundTrip = read(connection, "cc round_trip_time");
      if (roundTrip > 0 && level === 0) roundTrips.calm.push(roundTrip);
      if (roundTrip > 0 && level === 3) roundTrips.worst.push(roundTrip);
    }
  });
  expect(calm).toBeGreaterThan(1_000);
  expect([...levels].sort()).toEqual([0, 1, 2, 3]);
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(roundTrips.worst)).toBeGreaterThan(3 * mean(roundTrips.calm));
});

test("trouble shows in NACK, PLI and RTX, and in every transition of ICE", () => {
  const most = new Map<string, number>();
  const paths = [
    ...["hit", "miss"].map((result) => `rtcp total_generic_nack_cache_${result}`),
    ...[
      "rtcp total_pli_trigger",
      "rtcp total_received_rtcp_rtpfb_generic_nack",
      "rtp total_received_rtp_rtx",
    ],
    ...[
      "connected_to_checking",
      "checking_to_disconnected",
      "disconnected_to_checking",
      "disconnected_to_failed",
    ].map((transition) => `ice_connection_state total_${transition}`),
    ...[1, 2, 3].map((level) => `network_status total_unstable_level${level}`),
  ];
  watch({ channels: 1, connections: 40 }, 900, 3, (connections) => {
    for (const connection of connections) {
      for (const path of paths) most.set(path, Math.max(most.get(path) ?? 0, read(connection, path)));
    }
  });
  for (const path of paths) expect(most.get(path), path).toBeGreaterThan(0);
});

test("ICE checks every 2.5 s while all is well", () => {
  watch({ channels: 2, connections: 30, seed: 4 }, 25, 25, (connections, lossy) => {
    for (const connection of connections.filter(({ channel_id }) => !lossy.has(channel_id))) {
      const checks = read(connection, "ice_connection_state total_connected_req");
      expect(checks).toBeLessThanOrEqual(10);
      expect(read(connection, "ice_connection_state total_connected_ack")).toBe(checks);
    }
    const most = connections.map((one) => read(one, "ice_connection_state total_connected_req"));
    expect(Math.max(...most)).toBe(10);
  });
});

test("a failed ICE ends the connection", () => {
  const failedAt = new Map<string, number>();
  watch({ channels: 1, connections: 30 }, 900, 1, (connections, _lossy, second) => {
    for (const connection of connections) {
      const id = connection.connection_id;
      if (read(connection, "ice_connection_state total_disconnected_to_failed") === 0) continue;
      if (!failedAt.has(id)) failedAt.set(id, second);
      expect(second - failedAt.get(id)!).toBeLessThanOrEqual(4);
    }
  });
  expect(failedAt.size).toBeGreaterThan(3);
});

test("Sora's data channels stay; those of the users come and go, and set their limits where they have any", () => {
  const fixed = ["e2ee", "notify", "push", "signaling", "stats"];
  let before = new Map<string, Answer>();
  let appeared = 0;
  let vanished = 0;
  const limits = new Set<string>();
  watch({ connections: 40 }, 900, 10, (connections) => {
    for (const { connection_id, data_channel } of connections) {
      const labels = Object.keys(data_channel);
      expect(labels.filter((label) => !label.startsWith("#")).sort()).toEqual(fixed);
      for (const label of fixed) expect(Object.keys(data_channel[label]!).join()).not.toContain("max_");
      const earlier = Object.keys(before.get(connection_id)?.data_channel ?? data_channel);
      appeared += labels.filter((label) => !earlier.includes(label)).length;
      vanished += earlier.filter((label) => !labels.includes(label)).length;
      for (const settings of Object.values(data_channel)) {
        for (const key of Object.keys(settings)) if (key.startsWith("max_")) limits.add(key);
      }
    }
    before = byId(connections);
  });
  expect(appeared).toBeGreaterThan(20);
  expect(vanished).toBeGreaterThan(10);
  expect([...limits].sort()).toEqual(["max_packet_life_time", "max_retransmits"]);
});

test("channel data goes through TURN for those who relay, packet by packet", () => {
  let relayed = 0;
  let direct = 0;
  watch({}, 120, 120, (connections) => {
    for (const connection of connections) {
      const [data, packets, dtls] = [
        read(connection, "turn total_received_channel_data"),
        read(connection, "rtp total_received"),
        read(connection, "dtls total_received_dtls"),
      ];
      if (read(connection, "turn total_sent_allocate_success") === 0) {
        expect(data).toBe(0);
        direct += 1;
      } else {
        // The DTLS handshake is over before there is a channel.
        expect(data).toBe(packets + dtls - 6);
        relayed += 1;
      }
    }
  });
  expect(relayed).toBeGreaterThan(direct);
  expect(direct).toBeGreaterThan(0);
});

test.each([
  ["2022", 11_000],
  ["2024", 13_100],
] as const)("a connection of the %s form has about the size of Sora's", (form, size) => {
  watch({ form, channels: 20, connections: 200 }, 240, 240, (connections) => {
    const mean = JSON.stringify(connections).length / connections.length;
    expect(mean).toBeGreaterThan(size * 0.95);
    expect(mean).toBeLessThan(size * 1.05);
    const numbers = connections.flatMap((connection) =>
      [...leaves(connection).values()].filter((value) => typeof value === "number"),
    );
    const moving = numbers.filter((value) => value !== 0).length / numbers.length;
    expect(moving).toBeGreaterThan(0.3);
    expect(moving).toBeLessThan(0.45);
  });
});
