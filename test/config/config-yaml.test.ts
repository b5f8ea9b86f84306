import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { configJsonSchema } from "../../src/config/schema.ts";
import { accepts, findDescriptions } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { configOf, DEFAULTS, load, messageOf } from "./support.ts";

const text = readFileSync(new URL("../../config.yaml", import.meta.url), "utf8");
const schema = configJsonSchema() as JsonSchema;

/** The file with the commented-out list of targets in place of the empty one. */
const example = text.replace(/^targets: \[\]\n((?:#.*\n)+)/m, (_, block: string) =>
  block.replaceAll(/^# /gm, ""),
);

describe("config.yaml", () => {
  test("says the defaults", () => {
    expect(load({ yaml: text })).toEqual({ command: "run", config: DEFAULTS });
  });

  test("names every key with its default, in the schema's order", () => {
    const expected: Record<string, unknown> = {};
    for (const [name, { default: value, properties }] of Object.entries(schema.properties!)) {
      const leaves = Object.entries(properties ?? {});
      expected[name] =
        leaves.length === 0 ? value : Object.fromEntries(leaves.map(([key, leaf]) => [key, leaf.default]));
    }
    expect(JSON.stringify(parse(text))).toBe(JSON.stringify(expected));
  });

  test("says over every key what the schema says of it", () => {
    const lines = example.split("\n").map((line) => line.replace("- #", "  #"));
    const found = lines.flatMap((line, i) => {
      const key = /^ *([\w-]+):/.exec(line)?.[1];
      const comment = /^ *# (.*)$/.exec(lines[i - 1] ?? "")?.[1];
      return key === undefined || comment === undefined ? [] : [[key, comment]];
    });
    const described = findDescriptions(schema);
    // A header is an example: its name is free, and over it stands what is said of its source.
    const expected = described.map(([key, text]) => [
      { env: "authorization", file: "x-api-key" }[key] ?? key,
      text,
    ]);
    expect(found).toEqual(expected);
    expect(expected.length).toBeGreaterThan(20);
  });

  test("shows a target with every key", () => {
    const { targets } = parse(example) as { targets: Record<string, unknown>[] };
    expect(targets.map((target) => Object.keys(target))).toEqual([
      Object.keys(schema.properties!.targets!.items!.properties!),
    ]);
    const config = configOf({
      yaml: example,
      env: { SORA_AUTHORIZATION: "Bearer abc" },
      files: { "/run/secrets/sora-api-key": "def\n" },
    });
    expect(config).toEqual({
      ...DEFAULTS,
      targets: [
        {
          name: "tokyo",
          url: "https://sora.example.com/api",
          local: true,
          intervalMs: 15_000,
          timeoutMs: 10_000,
          bodySizeLimitBytes: 67_108_864,
          headers: { "x-tenant": "tokyo", authorization: "Bearer abc", "x-api-key": "def" },
        },
      ],
    });
  });

  test("tells editors of its schema", () => {
    expect(text.split("\n")[0]).toBe("# yaml-language-server: $schema=config.schema.json");
  });
});

describe("the JSON Schema", () => {
  test("is the one in config.schema.json", () => {
    const written = readFileSync(new URL("../../config.schema.json", import.meta.url), "utf8");
    expect(written).toBe(JSON.stringify(configJsonSchema(), null, 2) + "\n");
    expect(schema.$schema).toBe("https://json-schema.org/draft/2020-12/schema");
  });

  test("accepts config.yaml and its example", () => {
    expect(accepts(schema, parse(text))).toBe(true);
    expect(accepts(schema, parse(example))).toBe(true);
  });

  test.each([
    "unknown: 1",
    "sora: {unknown: 1}",
    "web: {unknown: 1}",
    "log: {unknown: 1}",
    "targets: [{url: http://a, unknown: 1}]",
    "targets: [{url: http://a, headers: {a: {unknown: b}}}]",
    "targets: [{url: http://a, headers: {a: {env: A, file: b}}}]",
    "targets: [{name: a}]",
    "targets: {}",
    "sora: {url: sora}",
    "sora: {interval: 10}",
    "sora: {interval: 10x}",
    "sora: {interval: ''}",
    "sora: {local: 'true'}",
    "sora: {body_size_limit: 5}",
    "sora: {body_size_limit: 5TB}",
    "log: {level: trace}",
    "[]",
  ])("refuses %s, as the exporter does", (yaml) => {
    expect(accepts(schema, parse(yaml))).toBe(false);
    expect(messageOf({ yaml })).toBeDefined();
  });
});
