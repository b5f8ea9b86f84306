import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test } from "vitest";
import { createFleet, type Fleet } from "../../src/engine/fleet.ts";
import { createOwnMetrics } from "../../src/exposition/own-metrics.ts";
import { systemClock } from "../../src/poller/clock.ts";
import { connection } from "../support/build.ts";
import { configFor, everyCall, NO_TLS, until } from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";

let fleet: Fleet | undefined;
let sora: FakeSora | undefined;

afterEach(async () => {
  await fleet?.close();
  await sora?.close();
});

test("what goes wrong where nothing may with one target's polls costs it that poll, and the others nothing", async () => {
  sora = await startFakeSora(reply([]));
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  const polls = { bad: 0, good: 0 };
  const lines: string[] = [];
  const log = (target: string) => (_: unknown, message?: unknown) =>
    void lines.push(`${target}: ${String(message)}`);
  const { url } = sora;
  fleet = createFleet(configFor(["bad", "good"].map((name) => ({ name, url }))), {
    clock: systemClock,
    metrics: {
      ...metrics,
      pollSucceeded(target) {
        polls[target as keyof typeof polls]++;
        if (target === "bad") throw new Error("out of ink");
      },
      // How a poll ends that has gone wrong.
      pollFailed() {
        throw new Error("no ink at all");
      },
    },
    logOf: (target) => ({ info: () => {}, warn: () => {}, error: log(target) }),
    record: undefined,
  });
  fleet.poll();
  await until(() => polls.bad >= 3 && polls.good >= 3);
  expect(new Set(lines)).toEqual(new Set(["bad: a poll went wrong; the next one comes as usual"]));
});

test("nothing is polled after the end, nor by a reload that comes at the end", async () => {
  sora = await startFakeSora(reply([]));
  const config = configFor([{ name: "a", url: sora.url }]);
  const metrics = createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 });
  const nothing = () => {};
  fleet = createFleet(config, {
    clock: systemClock,
    metrics,
    logOf: () => ({ info: nothing, warn: nothing, error: nothing }),
    record: undefined,
  });
  fleet.poll();
  await until(() => sora!.requests.length > 0);
  const reloading = fleet.reconfigure(configFor([{ name: "b", url: sora.url }]));
  await Promise.all([fleet.close(), reloading]);
  const before = sora.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(sora.requests).toHaveLength(before);
});

test("an address that a reload leaves alone, and that lags behind the one before, adds nothing to sums that go on", async () => {
  const answer = (total_received: number) => reply([connection({ rtp: { total_received } })]);
  sora = await startFakeSora(answer(1000));
  const lagging = await startFakeSora(answer(900));
  try {
    const configOf = (urls: string[]) => configFor([{ name: "t", urls, intervalMs: 1000, timeoutMs: 1000 }]);
    const nothing = () => {};
    fleet = createFleet(configOf([sora.url, lagging.url]), {
      clock: systemClock,
      metrics: createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 }),
      logOf: () => ({ info: nothing, warn: nothing, error: nothing }),
      record: undefined,
    });
    const families = () => fleet!.targets[0]!.snapshots().flatMap((snapshot) => snapshot.families);
    const valueOf = (name: string) => families().find((one) => one.name === name)?.columns[0]?.values[0];
    fleet.poll();
    await until(() => valueOf("sora_connection_received_packets_total") === 1000);
    await fleet.reconfigure(configOf([lagging.url]));
    await until(() => valueOf("sora_connection_received_packets_total") === 900);
    expect(valueOf("sora_target_received_packets_total")).toBe(0);
    lagging.answer = answer(907);
    await until(() => valueOf("sora_connection_received_packets_total") === 907);
    expect(valueOf("sora_target_received_packets_total")).toBe(7);
  } finally {
    await fleet?.close();
    await lagging.close();
  }
});

test("a target that another one took the place of is not kept, nor what it has read", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  sora = await startFakeSora(calm(reply([connection({ rtp: { total_received: 1 } })])));
  // One setting is another one each time.
  const configOf = (serverName: string) =>
    configFor([{ name: "t", url: sora!.url, calls: everyCall(100), tls: { ...NO_TLS, serverName } }]);
  const nothing = () => {};
  fleet = createFleet(configOf("0"), {
    clock: systemClock,
    metrics: createOwnMetrics({ version: "1.2.3", process: false, now: () => 0 }),
    logOf: () => ({ info: nothing, warn: nothing, error: nothing }),
    record: undefined,
  });
  fleet.poll();
  const gone: WeakRef<object>[] = [];
  for (let i = 1; i <= 5; i++) {
    await until(() => fleet!.targets[0]!.snapshots().length > 3);
    gone.push(new WeakRef(fleet.targets[0]!), new WeakRef(fleet.targets[0]!.snapshot()!));
    await fleet.reconfigure(configOf(String(i)));
  }
  const polled = sora.requests.length;
  await until(() => sora!.requests.length > polled + 14);
  await until(() => {
    collect();
    return gone.every((one) => one.deref() === undefined);
  });
});
