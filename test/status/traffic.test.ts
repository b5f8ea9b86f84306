import { expect, test } from "vitest";
import { type Rate, RATES } from "../../src/status/rates.ts";
import { Traffic } from "../../src/status/traffic.ts";
import { buildOnce, connection } from "../support/build.ts";

type Polled = Readonly<Record<string, object>>;

/** The rates of each connection after some polls, ten seconds apart unless told otherwise. */
function ratesAfter(polls: readonly Polled[], apartMs = 10_000) {
  const traffic = new Traffic();
  let ids: string[] = [];
  for (const [i, poll] of polls.entries()) {
    ids = Object.keys(poll);
    const answer = ids.map((id) => connection(poll[id], { connection_id: id }));
    traffic.take(buildOnce(answer).snapshot, i * apartMs);
  }
  const rates = traffic.rates();
  return (id: string, rate: Rate): number | undefined => {
    const value = rates?.perSecond[ids.indexOf(id) * RATES.length + RATES.indexOf(rate)];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  };
}

test("every rate comes from its counters", () => {
  const counters = (n: number) => ({
    rtp: {
      total_received_byte_size: n,
      total_sent_byte_size: 2 * n,
      total_received: 3 * n,
      total_sent: 4 * n,
    },
    rtcp: {
      total_generic_nack_cache_miss: 5 * n,
      total_generic_nack_cache_hit: 6 * n,
      total_received_rtcp_psfb_pli: 7 * n,
      total_received_rtcp_psfb_fir: 1000 * n,
    },
    ice_connection_state: {
      total_connected_req: 8 * n,
      total_connected_ack: 4 * n,
      total_checking_req: 2 * n,
      total_checking_ack: n,
    },
  });
  const rate = ratesAfter([{ A: counters(100) }, { A: counters(200) }]);
  expect(RATES.map((name) => [name, rate("A", name)])).toEqual([
    ["receivedBits", 80],
    ["sentBits", 160],
    ["receivedPackets", 30],
    ["sentPackets", 40],
    ["nackMisses", 50],
    ["nackHits", 60],
    ["pliReceived", 70],
    ["lostChecks", 50],
  ]);
});

const received = (total_received: number) => ({ rtp: { total_received } });

test("a connection is found again wherever it stands in the answer", () => {
  const rate = ratesAfter([
    { A: received(0), B: received(0), C: received(0) },
    { C: received(30), N: received(99), A: received(10) },
  ]);
  expect([rate("A", "receivedPackets"), rate("C", "receivedPackets")]).toEqual([1, 3]);
});

test("there is no rate before the second poll, of a new connection, and of what Sora did not send twice", () => {
  expect(ratesAfter([{ A: received(5) }])("A", "receivedPackets")).toBeUndefined();
  const rate = ratesAfter([
    { A: {}, B: received(1) },
    { A: received(5), B: {}, C: received(7) },
  ]);
  for (const id of ["A", "B", "C"]) expect([id, rate(id, "receivedPackets")]).toEqual([id, undefined]);
});

test("a connection that was missing in the previous poll has no rate, whatever it had before", () => {
  const rate = ratesAfter([{ A: received(1) }, {}, { A: received(100) }]);
  expect(rate("A", "receivedPackets")).toBeUndefined();
});

test("a counter that fell has begun anew; one that stood still is 0, which is known", () => {
  const rate = ratesAfter([
    { A: received(100), B: received(7) },
    { A: received(20), B: received(7) },
  ]);
  expect([rate("A", "receivedPackets"), rate("B", "receivedPackets")]).toEqual([2, 0]);
});

test("an answer to a check of the poll before makes no negative loss", () => {
  const checks = (total_connected_req: number, total_connected_ack: number) => ({
    ice_connection_state: { total_connected_req, total_connected_ack },
  });
  expect(ratesAfter([{ A: checks(10, 9) }, { A: checks(14, 14) }])("A", "lostChecks")).toBe(0);
  expect(ratesAfter([{ A: checks(10, 9) }, { A: checks(30, 9) }])("A", "lostChecks")).toBe(2);
});

test("the rates are over the time that has passed, and are worked out once", () => {
  const traffic = new Traffic();
  const poll = (n: number, ms: number) => traffic.take(buildOnce([connection(received(n))]).snapshot, ms);
  poll(0, 5000);
  expect(traffic.rates()).toBeUndefined();
  poll(60, 35_000);
  expect(traffic.rates()?.seconds).toBe(30);
  expect(traffic.rates()?.perSecond[RATES.indexOf("receivedPackets")]).toBe(2);
  expect(traffic.rates()).toBe(traffic.rates());
  poll(70, 45_000);
  expect(traffic.rates()?.perSecond[RATES.indexOf("receivedPackets")]).toBe(1);
});

test("a counter that fell has no rate where another node says so than before: it lags", () => {
  const receivedFrom = (sources: readonly string[]) => {
    const traffic = new Traffic();
    for (const [i, source] of sources.entries()) {
      const { snapshot } = buildOnce([connection(received(1000 - 100 * i))]);
      traffic.take({ ...snapshot, source }, i * 10_000);
    }
    return traffic.rates()!.perSecond[RATES.indexOf("receivedPackets")];
  };
  expect(receivedFrom(["a", "b"])).toBe(0);
  expect(receivedFrom(["a", "b", "b"])).toBe(80);
});
