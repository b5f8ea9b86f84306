import fc from "fast-check";
import { expect, test } from "vitest";
import { answer } from "../../src/simulator/operations/answer.ts";
import type { World } from "../../src/simulator/world.ts";
import { createWorld } from "../../src/simulator/world.ts";
import { options, START_MS } from "./reading.ts";

const at = (seconds: number): number => START_MS + seconds * 1_000;

function ask(world: World, target: string, body: object): unknown {
  return JSON.parse(answer(target, JSON.stringify(body), { world, node: 0 }).body.toString());
}

/** What there is to see of sessions: who is in which, and how many places each channel has. */
function look(world: World): unknown {
  const listed = ask(world, "Sora_20201013.ListConnections", { local: false });
  const places = world.channels().map(({ channelId }) => world.channel(channelId)!.focus.places);
  return { listed, places, statistics: world.connections({ local: false }) };
}

/** Two worlds of the same kind: one goes second by second, the other leaps. */
function pair(changes: Parameters<typeof options>[0]): [walked: World, leapt: World] {
  return [createWorld(options(changes)), createWorld(options(changes))];
}

function walk(world: World, from: number, to: number): void {
  for (let second = from + 1; second <= to; second++) world.advanceTo(at(second));
}

function changePlaces(world: World, places: number): void {
  for (const { channelId } of world.channels())
    ask(world, "Sora_20200807.ChangeSpotlightNumber", { channel_id: channelId, spotlight_number: places });
}

test("sessions and places are the same whether the world walked or leapt, however far", () => {
  let ended = 0;
  let lasted = 0;
  fc.assert(
    fc.property(
      fc.nat(100_000),
      fc.integer({ min: 1, max: 9 }),
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9_000 }), fc.constantFrom("", "disconnect", "cut")), {
        minLength: 1,
        maxLength: 4,
      }),
      (seed, connections, steps) => {
        const [walked, leapt] = pair({ seed, connections, channels: 4, nodes: 2 });
        let now = 0;
        for (const [seconds, command] of [...steps, [3_000, ""] as const]) {
          for (const world of [walked, leapt]) {
            changePlaces(world, 3);
            if (command === "disconnect") world.members().forEach((one) => world.disconnect(one));
            if (command === "cut") world.setScenario({ scenario: "mass-reconnect" }, at(now));
          }
          const before = walked.channels().map(({ channelId }) => walked.channel(channelId)!.session?.id);
          walk(walked, now, now + seconds);
          now += seconds;
          leapt.advanceTo(at(now));
          expect(look(leapt)).toEqual(look(walked));
          walked.channels().forEach(({ channelId }, channel) => {
            const id = walked.channel(channelId)!.session?.id;
            if (seconds < 1_300 || id === undefined || before[channel] === undefined) return;
            if (id === before[channel]) lasted += 1;
            else ended += 1;
          });
        }
      },
    ),
    { numRuns: 25, seed: 7 },
  );
  expect(ended).toBeGreaterThan(20);
  expect(lasted).toBeGreaterThan(20);
});

test("a session that lasted over a leap keeps its places, a new one has those that there are at first", () => {
  const [walked, leapt] = pair({ connections: 6, channels: 4 });
  for (const world of [walked, leapt]) {
    world.advanceTo(at(600));
    changePlaces(world, 2);
  }
  walk(walked, 600, 20_000);
  leapt.advanceTo(at(20_000));
  expect(look(leapt)).toEqual(look(walked));
  const places = new Set(leapt.channels().map(({ channelId }) => leapt.channel(channelId)!.focus.places));
  expect(places).toEqual(new Set([2, 5]));
});

test("after a leap, every node has as many sessions open as there are channels with somebody in them", () => {
  const world = createWorld(options({ connections: 5, channels: 4, nodes: 2 }));
  for (const seconds of [100, 5_000, 400_000, 40_000_000]) {
    world.advanceTo(at(seconds));
    const open = [0, 1].map(
      (node) => world.ledger(node).sessionsCreated - world.ledger(node).sessionsDestroyed,
    );
    expect(open.reduce((sum, count) => sum + count, 0)).toBe(
      world.channels().filter(({ connections }) => connections > 0).length,
    );
    expect(Math.min(...open)).toBeGreaterThanOrEqual(0);
  }
});

test("the number of places in a channel where nobody is cannot be changed", () => {
  const world = createWorld(options({ connections: 3, channels: 4 }));
  changePlaces(world, 2);
  world.advanceTo(at(100));
  for (const { channelId } of world.channels()) {
    const channel = world.channel(channelId)!;
    if (channel.session === null) expect(channel.focus.places).toBe(5);
  }
  expect(world.channel(world.channels()[3]!.channelId)!.focus.places).toBe(5);
});
