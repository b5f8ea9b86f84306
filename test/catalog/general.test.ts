import fc from "fast-check";
import { expect, test } from "vitest";
import { generalName } from "../../src/catalog/general.ts";
import { expectation, resolveField } from "../../src/catalog/resolve.ts";

test.each([
  ["foo.bar.total_baz_byte_size", "foo_bar_baz_bytes_total", 1, false],
  ["foo.total_wait_duration_ms", "foo_wait_seconds_total", 1000, false],
  ["foo.total_delay_us", "foo_delay_seconds_total", 1_000_000, false],
  ["foo.setup_ms", "foo_setup_seconds", 1000, false],
  ["foo.queue_byte_size", "foo_queue_bytes", 1, false],
  ["foo.active", "foo_active", 1, false],
  ["foo.us", "foo_us", 1, false],
  ["foo.bus", "foo_bus", 1, false],
  ["foo.x_total", "foo_x_total_value", 1, false],
  ["total_", "total_value", 1, true],
  ["foo.total_", "foo_total_value", 1, true],
  ["foo.naïve-key!", "foo_na_ve_key", 1, true],
  ["foo.日本", "foo", 1, true],
  ["日本", "unnamed", 1, true],
  ["__proto__", "proto", 1, true],
])("%s is %s", (path, name, divisor, lossy) => {
  expect(generalName(path.split("."))).toEqual({ name, divisor, lossy });
});

test("whatever the keys are, the name is legal and ends in _total exactly where the field is a counter", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), fc.boolean(), (keys, total) => {
      const path = total ? [...keys, "total_x"] : [...keys, "x"];
      const { name } = generalName(path);
      expect(name).toMatch(/^[a-zA-Z0-9]+(_[a-zA-Z0-9]+)*$/);
      expect(name.endsWith("_total")).toBe(total);
    }),
  );
});

test("a type that Sora adds is captured, a quantity that it adds is not a type", () => {
  expect(resolveField(["sctp", "total_sent_sctp_chunk_new_kind"])).toMatchObject({
    name: "sora_connection_sctp_sent_chunks_total",
    labels: [["type", "new_kind"]],
    unknown: undefined,
  });
  expect(resolveField(["turn", "total_received_channel_data_byte_size"])).toMatchObject({
    name: "sora_connection_turn_received_channel_data_bytes_total",
    labels: [],
    unknown: "turn.total_received_channel_data_byte_size",
  });
});

test("in a scope the key stays a label, for fields that no rule knows too", () => {
  expect(resolveField(["data_channel", "#a.b", "total_new_byte_size"])).toMatchObject({
    name: "sora_connection_data_channel_new_bytes_total",
    labels: [["label", "#a.b"]],
    unknown: "data_channel.{label}.total_new_byte_size",
  });
  expect(resolveField(["simulcast", "r9", "rtp", "total_new"])).toMatchObject({
    name: "sora_connection_simulcast_rtp_new_total",
    labels: [["rid", "r9"]],
  });
});

test("a path that does not fit into a name, or whose name a rule has, says itself in a label", () => {
  expect(resolveField(["foo", "ba-r"]).labels).toEqual([["path", "foo.ba-r"]]);
  expect(resolveField(["a.b", "c"]).labels).toEqual([["path", '"a.b".c']]);
  expect(resolveField(["a", "b.c"]).labels).toEqual([["path", 'a."b.c"']]);
});

test("a field that no rule knows never joins the series of a rule's metric", () => {
  expect(resolveField(["received", "total_packets"])).toMatchObject({
    name: "sora_connection_unknown_received_packets_total",
    labels: [],
  });
  expect(resolveField(["info"]).name).toBe("sora_connection_unknown_info");
  expect(resolveField(["total_joins"]).name).toBe("sora_connection_unknown_joins_total");
});

test("captures take words, and values are respelled only where Sora spells them in two ways", () => {
  expect(resolveField(["network_status", "total_unstable_level_changes"])).toMatchObject({
    name: "sora_connection_network_status_unstable_level_changes_total",
    labels: [],
  });
  const label = resolveField(["data_channel", "video_timeing", "max_retransmits"]).labels;
  expect(label).toEqual([["label", "video_timeing"]]);
});

test("the catalog knows which places are numbers, which are sections, and which it has never heard of", () => {
  const at = (path: string) => expectation(path.split(".")).is;
  expect(["rtp.total_sent", "cc.round_trip_time", "data_channel.#x.max_retransmits"].map(at)).toEqual(
    Array(3).fill("number"),
  );
  expect(
    ["rtp", "rtp_hdrext", "simulcast", "simulcast.r7", "simulcast.r0.rtp", "data_channel.#x"].map(at),
  ).toEqual(Array(6).fill("object"));
  expect(["timestamp", "rtp.codec", "foo", "data_channel.#x.protocol"].map(at)).toEqual(
    Array(4).fill("nothing"),
  );
});

test("a name that another unknown path has already is told apart by the label path", () => {
  expect(resolveField(["a", "b_c"], () => undefined).labels).toEqual([]);
  expect(resolveField(["a_b", "c"], () => "a.b_c").labels).toEqual([["path", "a_b.c"]]);
  expect(resolveField(["a", "b_c"], () => "a.b_c").labels).toEqual([]);
});
