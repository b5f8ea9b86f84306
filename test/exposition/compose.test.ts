import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { renderSnapshot } from "../../src/engine/render.ts";
import { compose, type Format, type OwnFamily } from "../../src/exposition/compose.ts";
import { gzip } from "../../src/exposition/gzip.ts";
import { SnapshotBuilder } from "../../src/snapshot/build.ts";
import { Sums } from "../../src/sums/sums.ts";
import { fixture } from "../support/build.ts";
import { encode } from "../support/encode.ts";

const OWN: OwnFamily[] = [
  { name: "sora_exporter_x_total", help: 'a "b"', type: "counter", samples: [{ name: "sora_exporter_x_total", labels: [], value: 1 }] }, // prettier-ignore
];

/** What several targets said: the same metrics, and some that one of them alone has. */
function snapshots() {
  return (["2022", "2024"] as const).flatMap((form) => {
    const { snapshot } = new SnapshotBuilder(form).build(answerOf(form), 0);
    return [snapshot, ...new Sums(form).add(snapshot, 0)];
  });
}

function answerOf(form: string): unknown[] {
  return [JSON.parse(fixture(`sora/connection-${form}.json`))];
}

test.each<Format>(["prometheus-text", "openmetrics"])(
  "what is put together from rendered snapshots is what the encoder writes: %s",
  async (format) => {
    const all = snapshots();
    const rendered = await Promise.all(all.map((snapshot) => renderSnapshot(snapshot, format)));
    const composed = gunzipSync(Buffer.concat([...gzip(compose(OWN, rendered, format))])).toString();
    const encoded = encode(OWN, all, format).toString();
    expect(encoded.split("\n").length).toBeGreaterThan(1000);
    expect(composed).toBe(encoded);
  },
);
