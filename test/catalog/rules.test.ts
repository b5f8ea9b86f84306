import { describe, expect, test } from "vitest";
import { compilePattern } from "../../src/catalog/pattern.ts";
import { resolveField } from "../../src/catalog/resolve.ts";
import { RULES } from "../../src/catalog/rules.ts";
import { documentedFields } from "../../src/sora/documented.ts";
import { fixture } from "../support/build.ts";

const LISTS = ["sora/fields-2022.txt", "sora/fields-2024.txt"];
const SAMPLES = ["sora/connection-2022.json", "sora/connection-2024.json"];

/** Dotted paths of all numbers in a tree. */
function numericPaths(tree: object, path: string[] = []): string[] {
  return Object.entries(tree).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value === "number") return [[...path, key].join(".")];
    return typeof value === "object" && value !== null ? numericPaths(value, [...path, key]) : [];
  });
}

function paths(file: string): string[] {
  const text = fixture(file);
  return file.endsWith(".json") ? numericPaths(JSON.parse(text) as object) : text.trim().split("\n");
}

function series(path: string): string {
  const { name, labels } = resolveField(path.split("."));
  return `${name}{${labels.map(([label, value]) => `${label}="${value}"`).join(",")}}`;
}

describe("the catalog against what Sora documents and sends", () => {
  test.each([
    ["sora/fields-2022.txt", 319],
    ["sora/fields-2024.txt", 345],
    ["sora/connection-2022.json", 269],
    ["sora/connection-2024.json", 334],
  ])("%s: each of its %i fields has a rule", (file, count) => {
    const found = paths(file);
    expect(found).toHaveLength(count);
    expect(found.filter((path) => resolveField(path.split(".")).unknown !== undefined)).toEqual([]);
  });

  test.each([...LISTS, ...SAMPLES])("%s: no two fields are the same series", (file) => {
    const found = paths(file).map(series);
    expect(found.filter((one, i) => found.indexOf(one) !== i)).toEqual([]);
  });

  test("each rule is used by a documented field", () => {
    const used = new Set(
      [...LISTS, ...SAMPLES].flatMap(paths).map((path) => resolveField(path.split(".")).name),
    );
    const names = RULES.map(({ name }) => `sora_connection_${name}`);
    expect(names.filter((name) => !used.has(name))).toEqual([]);
    expect([...used].filter((name) => !names.includes(name))).toEqual([]);
  });

  test("a field is a counter exactly where Sora calls it a total", () => {
    for (const path of [...LISTS, ...SAMPLES].flatMap(paths)) {
      const isTotal = /^(total|tocal)_/.test(path.split(".").at(-1)!);
      expect([path, resolveField(path.split(".")).name.endsWith("_total")]).toEqual([path, isTotal]);
    }
  });

  test.each([
    ["2022", "sora/connection-2022.json"],
    ["2024", "sora/connection-2024.json"],
  ] as const)(
    "the form %s lists the fields of its sample, and the two settings of a data channel",
    (form, file) => {
      const generic = (path: string) =>
        path
          .replace(/^simulcast\.r[0-2]\./, "simulcast.{rid}.")
          .replace(/^data_channel\.[^.]+\./, "data_channel.{label}.");
      const settings = ["data_channel.{label}.max_packet_life_time", "data_channel.{label}.max_retransmits"];
      expect(new Set(documentedFields(form))).toEqual(new Set([...paths(file).map(generic), ...settings]));
    },
  );
});

test.each([
  ["rtp.total_received", "sora_connection_received_packets_total{}"],
  ["rtp.total_sent_byte_size", "sora_connection_sent_bytes_total{}"],
  ["rtp.total_received_rtp_byte_size", "sora_connection_rtp_received_bytes_total{}"],
  ["rtcp.total_received_rtcp_psfb_pli", 'sora_connection_rtcp_received_messages_total{type="psfb_pli"}'],
  ["rtcp.total_received_rtcp_byte_size", "sora_connection_rtcp_received_bytes_total{}"],
  [
    "rtp_hdr_ext.total_sent_rtp_hdr_ext_audio_level",
    'sora_connection_rtp_sent_header_extensions_total{extension="audio_level"}',
  ],
  ["sctp.total_sent_sctp_chunk_sack", 'sora_connection_sctp_sent_chunks_total{type="sack"}'],
  [
    "turn.total_received_allocate_request",
    'sora_connection_turn_received_messages_total{type="allocate_request"}',
  ],
  ["simulcast.r1.rtp.total_received_rtp", 'sora_connection_simulcast_rtp_received_packets_total{rid="r1"}'],
  [
    "data_channel.#chat.total_sent_data_channel_message_byte_size",
    'sora_connection_data_channel_sent_bytes_total{label="#chat"}',
  ],
  ["network_status.unstable_level", "sora_connection_unstable_level{}"],
  ["network_status.total_unstable_level2", 'sora_connection_unstable_level_observations_total{level="2"}'],
  [
    "ice_connection_state.total_checking_to_connected",
    'sora_connection_ice_state_transitions_total{from="checking",to="connected"}',
  ],
  [
    "ice_connection_state.total_checking_duration_ms",
    'sora_connection_ice_state_seconds_total{state="checking"}',
  ],
  ["ice_connection_state.total_connected_req", 'sora_connection_ice_checks_sent_total{state="connected"}'],
  ["cc.round_trip_time", "sora_connection_cc_round_trip_time{}"],
  ["foo.bar.total_baz_byte_size", "sora_connection_foo_bar_baz_bytes_total{}"],
])("%s is %s", (path, expected) => {
  expect(series(path)).toBe(expected);
});

const SPELLINGS: readonly (readonly [string, string])[] = [
  ["rtp_hdr_ext.total_sent_rtp_hdr_ext_toffset", "rtp_hdrext.total_sent_rtp_hdrext_toffset"],
  ["rtp_hdr_ext.total_sent_rtp_hdr_ext_video_timeing", "rtp_hdrext.total_sent_rtp_hdrext_video_timing"],
  [
    "simulcast.r0.rtp_hdr_ext.total_received_rtp_hdr_ext_video_timeing",
    "simulcast.r0.rtp_hdrext.total_received_rtp_hdrext_video_timing",
  ],
  ["rtp_hdr_ext.total_received_rtp_hdr_ext_toffset", "rtp_hdrext.total_received_rtp_hdrext_toffset"],
  ["rtcp.total_generic_nack_cache_hit", "rtp.total_generic_nack_cache_hit"],
  ["rtcp.total_pli_trigger", "rtp.total_pli_trigger"],
  ["rtp.total_decrypt_skipped_audio_srtp", "rtp.tocal_decrypt_skipped_audio_srtp"],
  ["simulcast.r2.rtp.total_decrypt_skipped_video_srtp", "simulcast.r2.rtp.tocal_decrypt_skipped_video_srtp"],
];

test.each(SPELLINGS)("%s and %s are one series", (one, other) => {
  expect(resolveField(one.split(".")).unknown).toBeUndefined();
  expect(series(other)).toBe(series(one));
});

test("each alias of a rule is a spelling that Sora is known to use", () => {
  const aliases = RULES.flatMap(({ aliases = [] }) => aliases);
  expect(aliases.length).toBeGreaterThan(5);
  const known = [...LISTS.flatMap(paths), ...SPELLINGS.map(([, other]) => other)];
  const matches = (alias: string) =>
    known.some((path) => compilePattern(alias).match(path.split(".")) !== undefined);
  expect(aliases.filter((alias) => !matches(alias))).toEqual([]);
});

test("a total and its parts are never in one metric", () => {
  const names = new Map(
    paths("sora/connection-2024.json").map((path) => [path, resolveField(path.split(".")).name] as const),
  );
  for (const [total, part] of [
    ["rtp.total_received", "rtp.total_received_rtp"],
    ["rtp.total_received_rtp", "rtp.total_received_rtp_rtx"],
    ["rtp.total_decrypt_skipped_srtp", "rtp.total_decrypt_skipped_audio_srtp"],
    ["rtcp.total_sent_rtcp", "rtcp.total_sent_rtcp_sr"],
    ["sctp.total_sent_sctp", "sctp.total_sent_sctp_chunk_data"],
    ["sctp.total_received_sctp", "sctp.total_received_sctp_zero_checksum"],
  ] as const) {
    expect(names.get(total)).toBeDefined();
    expect(names.get(part)).toBeDefined();
    expect(names.get(total)).not.toBe(names.get(part));
  }
});
