/** What a world is after some commands depends on its seed, its clock and those commands, not on who looked when. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { answer } from "../../../src/simulator/operations/answer.ts";
import { OPERATIONS } from "../../../src/simulator/operations/table.ts";
import type { World } from "../../../src/simulator/world.ts";
import { createWorld } from "../../../src/simulator/world.ts";
import { options, START_MS } from "../reading.ts";

const TARGETS = Object.keys(OPERATIONS);

interface Step {
  /** Seconds since the step before. */
  after: number;
  target: string;
  receiver: number;
  sender: number;
  choice: number;
}

const step = fc.record<Step>({
  after: fc.integer({ min: 0, max: 150 }),
  target: fc.constantFrom(...TARGETS),
  receiver: fc.nat(11),
  sender: fc.nat(11),
  choice: fc.nat(2),
});

/** A request with all keys that any operation reads, about connections that are there. */
function makeRequest(world: World, { receiver, sender, choice }: Step): string {
  const members = world.members();
  const plan = members[receiver % Math.max(1, members.length)]?.plan;
  const rid = ["r0", "r1", "r2"][choice];
  const item = {
    recv_connection_id: plan?.connectionId ?? "NOBODY",
    send_connection_id: members[sender % Math.max(1, members.length)]?.plan.connectionId ?? "NOBODY",
    spotlight_focus_rid: rid,
    spotlight_unfocus_rid: "none",
  };
  return JSON.stringify({
    ...item,
    ...{ channel_id: plan?.channelId ?? "nowhere", client_id: plan?.clientId, role: plan?.role, rid },
    ...{ connection_id: plan?.connectionId ?? "NOBODY", data: { choice }, item_list: [item] },
    ...{ expire_time: choice * 60, spotlight_number: choice + 1, local: false },
  });
}

function play(seed: number, steps: readonly Step[], looks: boolean): string[] {
  const world = createWorld(options({ seed, channels: 4, connections: 12, nodes: 2 }));
  let second = 0;
  const said: string[] = [];
  for (const each of [...steps, { after: 30, target: "", receiver: 0, sender: 0, choice: 0 }]) {
    for (let between = 1; looks && between < each.after; between += 7) {
      world.advanceTo(START_MS + (second + between) * 1_000);
      world.connections({ local: false });
      answer("Sora_20201013.ListConnections", '{"local":false}', { world, node: 1 });
    }
    second += each.after;
    world.advanceTo(START_MS + second * 1_000);
    if (each.target === "") continue;
    const { status, body } = answer(each.target, makeRequest(world, each), { world, node: 0 });
    expect([200, 400]).toContain(status);
    // The report estimates what nobody looked at.
    if (!each.target.endsWith("GetStatsReport")) said.push(body.toString());
  }
  return [...said, JSON.stringify(world.connections({ local: false }))];
}

test("the same commands at the same times have the same answers, whoever looks in between", () => {
  fc.assert(
    fc.property(fc.nat(100_000), fc.array(step, { minLength: 1, maxLength: 10 }), (seed, steps) => {
      expect(play(seed, steps, true)).toEqual(play(seed, steps, false));
    }),
    { numRuns: 40 },
  );
});
