/** Whatever Sora, or what stands in front of it, answers: the exporter stays up, tells, and loses nothing else. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { FailureReason } from "../../src/sora/failure.ts";
import { connection } from "../support/build.ts";
import { type RunningExporter, runExporter, until } from "../support/exporter.ts";
import { type Answer, type FakeSora, hang, reply, startFakeSora } from "../support/fake-sora.ts";
import { find, type ParsedSample } from "../support/parse.ts";

const GOOD = reply([connection({ rtp: { total_sent: 7 } })]);

let bad: FakeSora;
let neighbour: FakeSora;
let exporter: RunningExporter;

beforeAll(async () => {
  [bad, neighbour] = await Promise.all([startFakeSora(GOOD), startFakeSora(GOOD)]);
  exporter = await runExporter([
    { name: "bad", url: bad.url },
    { name: "neighbour", url: neighbour.url, intervalMs: 2000, timeoutMs: 2000 },
  ]);
  await exporter.polls("bad", 2);
  await exporter.polls("neighbour", 1);
});

afterAll(async () => {
  await exporter.close();
  await Promise.all([bad.close(), neighbour.close()]);
});

function value(samples: ParsedSample[], name: string, labels: Record<string, string>): number | undefined {
  return find(samples, name, labels)?.value;
}

describe("an answer that cannot be used", () => {
  test.each<[string, FailureReason, Answer]>([
    ["slow", "timeout", hang],
    ["an error of Sora's", "sora_error", reply({ error_type: "NOT-CLUSTER-MAJORITY" }, 400)],
    ["401", "http_status", reply("Unauthorized", 401)],
    [
      "a proxy's page",
      "http_status",
      reply("<html>Bad Gateway</html>", 502, { "content-type": "text/html" }),
    ],
    ["a truncated body", "invalid_json", reply('[{"channel_id":"ch","connection_id":"C1","rtp":{"total_se')],
    [
      "a body cut by the network",
      "connect",
      (response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write("[");
        setTimeout(() => response.destroy(), 10);
      },
    ],
    ["an empty body", "invalid_json", reply("")],
    ["an object", "unexpected_body", reply({ connections: [] })],
    ["a body over the bound", "too_large", reply(`[${" ".repeat(1024 * 1024)}]`)],
    ["a connection that is refused", "connect", (response) => response.destroy()],
  ])(
    "%s: sora_up is 0, %s is counted, the last good data stays and is never zero",
    async (_, reason, answer) => {
      await until(async () => value(await exporter.scrape(), "sora_up", { target: "bad" }) === 1);
      const failures = { target: "bad", reason };
      const before = value(await exporter.scrape(), "sora_exporter_poll_failures_total", failures)!;
      exporter.log.length = 0;
      bad.answer = answer;
      // One poll may have been under way with the answer from before.
      await exporter.polls("bad", 2);
      for (const format of ["prometheus-text", "openmetrics"] as const) {
        const samples = await exporter.scrape(format);
        expect(value(samples, "sora_up", { target: "bad" })).toBe(0);
        expect(value(samples, "sora_exporter_poll_failures_total", failures)).toBeGreaterThan(before);
        expect(value(samples, "sora_up", { target: "neighbour" })).toBe(1);
        expect(value(samples, "sora_connection_sent_packets_total", { target: "neighbour" })).toBe(7);
        expect([7, undefined]).toContain(
          value(samples, "sora_connection_sent_packets_total", { target: "bad" }),
        );
      }
      await until(
        async () =>
          !(await exporter.scrape()).some(
            ({ name, labels }) => name.startsWith("sora_connection_") && labels["target"] === "bad",
          ),
      );
      await exporter.polls("bad", 3);
      expect(exporter.log.filter(({ level }) => level >= 50)).toHaveLength(1);

      bad.answer = GOOD;
      await exporter.polls("bad", 2);
      const samples = await exporter.scrape();
      expect(value(samples, "sora_up", { target: "bad" })).toBe(1);
      expect(value(samples, "sora_connection_sent_packets_total", { target: "bad" })).toBe(7);
      expect(exporter.log.map(({ msg }) => msg).at(-1)).toBe("Sora answers");
    },
  );
});

test("an answer with everything wrong in it keeps what is good", async () => {
  const answer = Buffer.from(
    `[null, 5, "x", [], {}, {"channel_id":"ch"}, {"connection_id":"X"}, {"channel_id":1,"connection_id":2},
      {"channel_id":"ch","connection_id":"C1","rtp":{"total_sent":7}},
      {"channel_id":"ch","connection_id":"C1","rtp":{"total_sent":8}},
      {"channel_id":"ch","connection_id":"nulls","rtp":null,"rtcp":{"total_sent_rtcp":null},"cc":[]},
      {"channel_id":"ch","connection_id":"types","rtp":{"total_sent":"1","total_received":[1],"total_sent_rtp":-1,"total_received_rtp":1e999,
        "total_sent_byte_size":true,"total_received_byte_size":{"total_x":3},"total_sent_rtp_byte_size":9}},
      {"channel_id":"ch","connection_id":"huge","rtp":{"total_sent":123456789012345678901234567890}},
      {"channel_id":"ch","connection_id":"proto","__proto__":{"total_sent":1},"rtp":{"__proto__":2,"constructor":3,"total_sent":4}},
      {"channel_id":"broken \xff","connection_id":"bytes","rtp":{"total_sent":5}},
      {"channel_id":"a\\"b\\\\c\\nd","connection_id":"\\u0000\\ud800","rtp":{"total_sent":6}}]`,
    "latin1",
  );
  bad.answer = reply(answer);
  await exporter.polls("bad", 2);
  for (const format of ["prometheus-text", "openmetrics"] as const) {
    const samples = (await exporter.scrape(format)).filter(({ labels }) => labels["target"] === "bad");
    expect(value(samples, "sora_up", {})).toBe(1);
    const sent = samples.filter(({ name }) => name === "sora_connection_sent_packets_total");
    expect(Object.fromEntries(sent.map(({ labels, value }) => [labels["connection_id"], value]))).toEqual({
      C1: 7,
      proto: 4,
      "\u0000\u{fffd}": 6,
    });
    const types = samples.filter(
      ({ name, labels }) => labels["connection_id"] === "types" && !name.endsWith("_info"),
    );
    expect(types.map(({ name, value }) => [name, value])).toEqual([
      ["sora_connection_rtp_sent_bytes_total", 9],
      ["sora_connection_rtp_total_received_byte_size_x_total", 3],
    ]);
    const reasons = (name: string) =>
      samples
        .filter((sample) => sample.name === name && sample.value > 0)
        .map(({ labels }) => labels["reason"]);
    expect(reasons("sora_exporter_connections_rejected_total")).toEqual([
      "not_an_object",
      "no_connection_id",
      "no_channel_id",
      "duplicate_connection_id",
      "invalid_utf8",
    ]);
    expect(reasons("sora_exporter_values_rejected_total")).toEqual([
      "not_a_number",
      "array",
      "negative",
      "too_large",
      "not_finite",
    ]);
  }
});

test("Sora goes and comes back: recovery is seen within one interval", async () => {
  const { url, answer } = bad;
  await bad.close();
  await until(async () => value(await exporter.scrape(), "sora_up", { target: "bad" }) === 0);
  expect((await fetch(`${exporter.url}/-/healthy`)).status).toBe(200);
  bad = await startFakeSora(answer, undefined, Number(new URL(url).port));
  // One poll may have begun before it came back.
  await exporter.polls("bad", 2);
  expect(value(await exporter.scrape(), "sora_up", { target: "bad" })).toBe(1);
});
