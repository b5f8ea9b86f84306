/** Pushes raise the counters of whoever they go to. */

import { expect, test } from "vitest";
import type { Answer } from "../reading.ts";
import { byId, read } from "../reading.ts";
import type { Listed, Sora } from "./support.ts";
import { list, startSora } from "./support.ts";

const DATA = { spam: "egg 卵" };
const BYTES = Buffer.byteLength('{"data":{"spam":"egg 卵"},"type":"push"}');
const PUSHED = "data_channel push total_sent_data_channel_message";

async function stats({ call }: Sora): Promise<Map<string, Answer>> {
  const { json } = await call("Sora_20171101.GetStatsAllConnections", { local: false });
  return byId(json as Answer[]);
}

const shared = (a: Listed, b: Listed): boolean =>
  a.channel_id === b.channel_id && a.client_id === b.client_id;

test.each([
  ["Sora_20160711.PushChannel", () => ({}), (a, b) => a.channel_id === b.channel_id],
  ["Sora_20160711.PushClient", ({ client_id }) => ({ client_id }), shared],
  ["Sora_20160711.PushConnection", ({ connection_id }) => ({ connection_id }), (a, b) => a === b],
  [
    "Sora_20201120.PushChannelByRole",
    ({ role }) => ({ role }),
    (a, b) => a.channel_id === b.channel_id && a.role === b.role,
  ],
] satisfies [string, (aim: Listed) => object, (a: Listed, b: Listed) => boolean][])(
  "%s",
  async (target, keys, isMeant) => {
    const sora = await startSora({ connections: 200, nodes: 2 });
    const all = await list(sora);
    const aim = all.find((a) => all.some((b) => a !== b && shared(a, b)))!;
    const before = await stats(sora);
    const { channel_id } = aim;
    const { status, json } = await sora.call(target, { channel_id, ...keys(aim), data: DATA });
    expect({ status, json }).toEqual({ status: 200, json: { data: DATA, type: "push" } });
    const after = await stats(sora);
    let reached = 0;
    for (const listed of all) {
      const grown = (path: string): number =>
        read(after.get(listed.connection_id)!, path) - read(before.get(listed.connection_id)!, path);
      if (!isMeant(aim, listed)) {
        expect(after.get(listed.connection_id)).toEqual(before.get(listed.connection_id));
        continue;
      }
      reached += 1;
      expect(grown(PUSHED)).toBe(1);
      expect(grown(`${PUSHED}_byte_size`)).toBe(BYTES);
      expect(grown("sctp total_sent_sctp")).toBe(1);
      expect(grown("sctp total_sent_sctp_byte_size")).toBeGreaterThan(BYTES);
      expect(grown("sctp total_sent_sctp_chunk_data")).toBe(1);
      expect(grown("sctp total_received_sctp_chunk_sack")).toBe(1);
      expect(grown("dtls total_sent_dtls")).toBe(1);
      expect(grown("dtls total_received_dtls")).toBe(1);
    }
    expect(reached).toBeGreaterThan(0);
    expect(reached).toBeLessThan(all.length);
  },
);

test("a push to nobody is answered all the same", async () => {
  const sora = await startSora();
  const before = await stats(sora);
  const { status, json } = await sora.call("Sora_20160711.PushChannel", {
    channel_id: "nowhere",
    data: DATA,
  });
  expect({ status, json }).toEqual({ status: 200, json: { data: DATA, type: "push" } });
  expect(await stats(sora)).toEqual(before);
});
