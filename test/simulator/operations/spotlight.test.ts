/** The focus of the spotlight: who has it, who loses it, and what the counters tell of that. */

import { expect, test } from "vitest";
import { TALK_TICKS, talksIn } from "../../../src/simulator/spotlight.ts";
import type { Connection } from "../../../src/simulator/state.ts";
import { read } from "../reading.ts";
import type { Listed, Sora } from "./support.ts";
import { list, startSora, statsOf } from "./support.ts";

/** One of the channels is a spotlight with more senders than places. */
const WORLD = { channels: 4, connections: 200, seed: 32 };
const REASONS = [
  "unfocus_audio_no_room",
  "unfocus_audio_out_packet",
  "unfocus_audio_publish",
  "focus_failed",
];
/** The window of the time at which a simulator of the tests begins, and the seconds after that. */
const FIRST = 90 / TALK_TICKS;
const windowStart = (window: number): number => window * TALK_TICKS;

/** Who sends in the spotlight and stays for so many windows. */
function sendersOf(sora: Sora, windows = 0): Connection[] {
  return sora.simulator.world
    .members()
    .filter(({ plan }) => plan.slot.kind === "spotlight" && plan.sends)
    .filter(({ plan }) => plan.life.leaveTick > windowStart(FIRST + windows + 1));
}

const talks = ({ plan }: Connection, window: number): boolean => talksIn(plan, window);
const isFocused = ({ standing }: Connection): boolean => standing.focused;

async function call(sora: Sora, operation: string, { plan }: Connection, more: object = {}): Promise<void> {
  const body = { channel_id: plan.channelId, connection_id: plan.connectionId, ...more };
  expect((await sora.call(`Sora_20200807.${operation}`, body)).status).toBe(200);
}

/** A simulator whose world has come to the beginning of the first window. */
async function start(seed = WORLD.seed): Promise<Sora> {
  const sora = await startSora({ ...WORLD, seed });
  goTo(sora, windowStart(FIRST));
  return sora;
}

/** Brings the world to a time. */
function goTo(sora: Sora, seconds: number): void {
  sora.at(seconds);
  const { world } = sora.simulator;
  world.advanceTo(world.options.startMs + seconds * 1_000);
}

function counts(connection: Connection): number[] {
  const spotlight = connection.sections.spotlight as Readonly<Record<string, number>>;
  return REASONS.map((reason) => spotlight[`total_spotlight_${reason}`]!);
}

function startOfTalk(connection: Connection, window: number): number {
  const first = Math.floor(connection.plan.life.joinTick / TALK_TICKS);
  return window > first && talks(connection, window - 1) ? startOfTalk(connection, window - 1) : window;
}

const grownBy = (before: readonly number[], after: readonly number[]): number[] =>
  after.map((count, at) => count - before[at]!);

test("five have the focus of those who talk, or as many as there are places", async () => {
  const sora = await start();
  let full = 0;
  for (const places of [5, 2, 8]) {
    if (places !== 5)
      await call(sora, "ChangeSpotlightNumber", sendersOf(sora)[0]!, { spotlight_number: places });
    const from = Math.floor((sora.simulator.world.nowMs - sora.simulator.world.options.startMs) / 6_000) + 1;
    for (let window = from; window < from + 30; window++) {
      goTo(sora, windowStart(window) - 1);
      // Who is there in the second in which the window begins, perhaps the last one.
      const senders = sendersOf(sora);
      const talking = senders.filter((sender) => talks(sender, window));
      goTo(sora, windowStart(window));
      const focused = senders.filter(isFocused);
      expect(focused.length).toBe(Math.min(places, talking.length));
      expect(focused.filter((sender) => !talking.includes(sender))).toEqual([]);
      if (talking.length > places) full += 1;
    }
  }
  expect(full).toBeGreaterThan(10);
});

test("who loses the focus is counted for one reason, and who wants it and does not get it is too", async () => {
  const sora = await start();
  await call(sora, "ChangeSpotlightNumber", sendersOf(sora)[0]!, { spotlight_number: 3 });
  const [fixed] = sendersOf(sora, 12);
  await call(sora, "FocusSpotlightFixed", fixed!);
  const seen = [0, 0, 0, 0];
  for (let window = FIRST + 1; window < FIRST + 80; window++) {
    goTo(sora, windowStart(window) - 1);
    const before = new Map(
      sendersOf(sora).map((sender) => [sender, [isFocused(sender), counts(sender)] as const]),
    );
    goTo(sora, windowStart(window));
    // Whoever began to talk last is in front.
    const talking = sendersOf(sora).filter((one) => one !== fixed && before.has(one) && talks(one, window));
    const [winners, losers] = [true, false].map((won) =>
      talking.filter((one) => isFocused(one) === won).map((one) => startOfTalk(one, window)),
    ) as [number[], number[]];
    expect(Math.min(...winners)).toBeGreaterThanOrEqual(Math.max(-1, ...losers));
    for (const sender of sendersOf(sora)) {
      const [had, earlier] = before.get(sender) ?? [false, [0, 0, 0, 0]];
      const grown = grownBy(earlier, counts(sender));
      grown.forEach((count, at) => (seen[at]! += count));
      const [has, speaks] = [isFocused(sender), talks(sender, window)];
      const isNew = sender.plan.life.joinTick >= windowStart(window - 1);
      const begins = speaks && (isNew || !talks(sender, window - 1));
      const joined = sender.plan.life.joinTick === windowStart(window);
      const lost = had && !has;
      expect(grown).toEqual([
        lost && speaks ? 1 : 0,
        lost && !speaks ? 1 : 0,
        0,
        begins && !had && !has && !joined ? 1 : 0,
      ]);
      if (sender === fixed) expect([has, lost]).toEqual([true, false]);
    }
  }
  expect(seen[0], "no room").toBeGreaterThan(5);
  expect(seen[1], "silent").toBeGreaterThan(20);
  expect(seen[3], "failed").toBeGreaterThan(5);
});

test("what is taken comes back when somebody begins to talk anew, and not before", async () => {
  const sora = await start();
  // With room for all, so that nobody else takes the place.
  const stays = sendersOf(sora, 12);
  const talker = stays.find((one) => isFocused(one) && talks(one, FIRST) && talks(one, FIRST + 1))!;
  await call(sora, "ChangeSpotlightNumber", talker, { spotlight_number: 8 });
  const before = counts(talker);
  await call(sora, "UnfocusSpotlight", talker);
  expect(grownBy(before, counts(talker))).toEqual([0, 0, 1, 0]);
  let window = FIRST;
  for (; talks(talker, window); window++) {
    for (const second of [windowStart(window) + 1, windowStart(window) + 5]) {
      goTo(sora, second);
      expect(isFocused(talker)).toBe(false);
    }
  }
  while (!talks(talker, window)) window++;
  goTo(sora, windowStart(window));
  expect(isFocused(talker)).toBe(true);
  expect(grownBy(before, counts(talker))).toEqual([0, 0, 1, 0]);
});

test("what is taken can be given back at once; and from who has no focus nothing is taken", async () => {
  const sora = await start();
  const talker = sendersOf(sora, 3).find(isFocused)!;
  const before = counts(talker);
  for (const taken of [1, 2]) {
    await call(sora, "UnfocusSpotlight", talker);
    await call(sora, "UnfocusSpotlight", talker);
    expect(isFocused(talker)).toBe(false);
    expect(grownBy(before, counts(talker))).toEqual([0, 0, taken, 0]);
    await call(sora, "FocusSpotlight", talker);
    expect(isFocused(talker)).toBe(true);
  }
  const silent = sendersOf(sora, 3).find((one) => !isFocused(one))!;
  const untouched = counts(silent);
  await call(sora, "UnfocusSpotlight", silent);
  expect(counts(silent)).toEqual(untouched);
});

test("a focus that is not fixed ends by itself, one that is stays", async () => {
  for (const operation of ["FocusSpotlight", "FocusSpotlightFixed"]) {
    const sora = await start(33);
    const silent = sendersOf(sora, 14).find((one) => !talks(one, FIRST) && !talks(one, FIRST + 5))!;
    await call(sora, operation, silent);
    const before = counts(silent);
    goTo(sora, windowStart(FIRST + 5) - 1);
    expect(isFocused(silent)).toBe(true);
    expect(counts(silent)).toEqual(before);
    goTo(sora, windowStart(FIRST + 5));
    const fixed = operation === "FocusSpotlightFixed";
    expect(isFocused(silent)).toBe(fixed);
    expect(grownBy(before, counts(silent))).toEqual(fixed ? [0, 0, 0, 0] : [0, 1, 0, 0]);
    // What is not fixed cannot replace what is.
    if (!fixed) continue;
    await call(sora, "FocusSpotlight", silent);
    let window = FIRST + 10;
    while (talks(silent, window)) window++;
    expect(silent.plan.life.leaveTick).toBeGreaterThan(windowStart(window));
    goTo(sora, windowStart(window));
    expect(isFocused(silent)).toBe(true);
  }
});

test("who sends audio alone takes a place as everybody does", async () => {
  for (let seed = 1; ; seed++) {
    const sora = await start(seed);
    const [alone, other] = [true, false].map((without) =>
      sendersOf(sora, 3).find(({ plan }) => (plan.videoCodec === null) === without),
    );
    if (alone === undefined || other === undefined) continue;
    await call(sora, "ChangeSpotlightNumber", alone, { spotlight_number: 1 });
    await call(sora, "FocusSpotlightFixed", alone);
    const before = counts(other);
    await call(sora, "FocusSpotlight", other);
    expect(sendersOf(sora).filter(isFocused)).toEqual([alone]);
    expect(grownBy(before, counts(other))).toEqual([0, 0, 0, 1]);
    break;
  }
});

test("the API's own changes are counted, as the statistics tell", async () => {
  const sora = await start();
  const all = (await list(sora)).filter(({ spotlight, role }) => spotlight && role !== "recvonly");
  const [a, b, c] = all as [Listed, Listed, Listed];
  const { channel_id } = a;
  const focus = (operation: string, { connection_id }: Listed): Promise<unknown> =>
    sora.call(`Sora_20200807.${operation}`, { channel_id, connection_id });
  const places = (spotlight_number: number): Promise<unknown> =>
    sora.call("Sora_20200807.ChangeSpotlightNumber", { channel_id, spotlight_number });
  const count = async (listed: Listed): Promise<number[]> => {
    const stats = await statsOf(sora, listed);
    return REASONS.map((reason) => read(stats, `spotlight total_spotlight_${reason}`));
  };
  await places(2);
  await focus("FocusSpotlight", a);
  await focus("FocusSpotlightFixed", b);
  const before = { a: await count(a), b: await count(b), c: await count(c) };
  await focus("FocusSpotlightFixed", c);
  expect(grownBy(before.a, await count(a))).toEqual([1, 0, 0, 0]);
  await focus("FocusSpotlight", a);
  expect(grownBy(before.a, await count(a))).toEqual([1, 0, 0, 1]);
  await focus("UnfocusSpotlight", b);
  await focus("FocusSpotlight", a);
  await places(1);
  expect(grownBy(before.a, await count(a))).toEqual([2, 0, 0, 1]);
  expect(grownBy(before.b, await count(b))).toEqual([0, 0, 1, 0]);
  expect(grownBy(before.c, await count(c))).toEqual([0, 0, 0, 0]);
});

test("without spotlight, and for nobody, the focus is answered and nothing happens", async () => {
  const sora = await start();
  const [someone] = (await list(sora)).filter(({ spotlight }) => !spotlight);
  const before = await statsOf(sora, someone!);
  for (const connection_id of [someone!.connection_id, "NOBODY"]) {
    const body = { channel_id: someone!.channel_id, connection_id };
    for (const operation of ["FocusSpotlight", "FocusSpotlightFixed", "UnfocusSpotlight"]) {
      expect(await sora.call(`Sora_20200807.${operation}`, body)).toEqual({ status: 200, json: body });
    }
  }
  expect(await statsOf(sora, someone!)).toEqual(before);
});
