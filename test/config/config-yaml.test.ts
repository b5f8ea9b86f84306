import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Config } from "../../src/config/config.ts";
import { configJsonSchema } from "../../src/config/schema.ts";
import { accepts, findDescriptions } from "./json-schema.ts";
import type { JsonSchema } from "./json-schema.ts";
import { keyPair } from "./key-pair.ts";
import { configOf, DEFAULTS, load, messageOf } from "./support.ts";

const text = readFileSync(new URL("../../config.yaml", import.meta.url), "utf8");
const schema = configJsonSchema() as JsonSchema;

/** The file with the commented-out list of targets in place of the empty one. */
const example = text.replace(/^targets: \[\]\n((?:#.*\n)+)/m, (_, block: string) =>
  block.replaceAll(/^# /gm, ""),
);

describe("config.yaml", () => {
  test("says the defaults", () => {
    expect(load({ yaml: text }).command).toBe("run");
    expect(configOf({ yaml: text })).toEqual(DEFAULTS);
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
    // Keys without a default are commented out.
    const lines = example
      .split("\n")
      .map((line) =>
        line.replace("- #", "  #").replace(/# ((?:client_id_key|ca_file|cert_file|key_file):)/, "$1"),
      );
    const found = lines.flatMap((line, i) => {
      const key = /^ *([\w-]+):/.exec(line)?.[1];
      const comment = /^ *# (.*)$/.exec(lines[i - 1] ?? "")?.[1];
      return key === undefined || comment === undefined ? [] : [[key, comment]];
    });
    const described = new Map(findDescriptions(schema).map((entry) => [entry.join(": "), entry]));
    // A header is an example: its name is free, and over it stands what is said of its source, once for all sources.
    const expected = [...described.values()].map(([key, text]) => [
      { env: "x-api-key", file: "x-api-token" }[key] ?? key,
      text,
    ]);
    // In another order, as the two targets share the keys of a target.
    expect(found.sort()).toEqual(expected.sort());
    expect(expected.length).toBeGreaterThan(40);
  });

  test("shows targets with every key, in the schema's order", () => {
    const { targets } = parse(example) as { targets: Record<string, unknown>[] };
    const keys = Object.keys(schema.properties!.targets!.items!.properties!);
    expect(new Set(targets.flatMap((target) => Object.keys(target)))).toEqual(new Set(keys));
    for (const target of targets) {
      expect(Object.keys(target)).toEqual(keys.filter((key) => Object.hasOwn(target, key)));
    }
    const { cert, key } = keyPair();
    const config = configOf({
      yaml: example,
      env: { SORA_API_KEY: "abc", SORA_TOKEN: "ghi" },
      files: {
        "/run/secrets/sora-api-token": "def\n",
        "/run/secrets/sora-password": "secret\n",
        "/etc/sora/ca.pem": cert,
        "/etc/sora/client.pem": cert,
        "/etc/sora/client.key": key,
      },
    });
    expect(config).toEqual<Config>({
      ...DEFAULTS,
      targets: [
        {
          name: "tokyo",
          urls: ["https://sora.example.com/api"],
          local: true,
          intervalMs: 15_000,
          timeoutMs: 10_000,
          limits: {
            seriesPerTarget: 1_000_000,
            seriesPerMetric: 100_000,
            dataChannelLabels: 16,
            labelValueLength: 64,
            answerSizeBytes: 67_108_864,
          },
          headers: {
            "x-tenant": "tokyo",
            "x-api-key": "abc",
            "x-api-token": { path: "/run/secrets/sora-api-token", scheme: { is: "value" } },
            authorization: {
              path: "/run/secrets/sora-password",
              scheme: { is: "basic", username: "exporter" },
            },
          },

          calls: DEFAULTS.targets[0]!.calls,
          tls: {
            ca: "/etc/sora/ca.pem",
            cert: "/etc/sora/client.pem",
            key: "/etc/sora/client.key",
            serverName: "sora.internal",
            skipVerify: true,
          },
        },
        {
          ...DEFAULTS.targets[0]!,
          name: "osaka",
          urls: ["https://sora-1.example.com/api", "https://sora-2.example.com/api"],
          headers: { authorization: "Bearer ghi" },
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
    "limits: {answer_size: 5}",
    "limits: {answer_size: 5TB}",
    "limits: {series_per_target: 0}",
    "limits: {label_value_length: 31}",
    "targets: [{url: http://a, limits: {series_per_metric: 1.5}}]",
    "targets: [{url: http://a, limits: {unknown: 1}}]",
    "metrics: {include: sora_*}",
    "metrics: {include: ['']}",
    "metrics: {exclude: [sora-up]}",
    "metrics: {include_sections: [rtpc]}",
    "metrics: {exclude_sections: [rtp, rtp]}",
    "metrics: {zero: drop}",
    "log: {level: trace}",
    "targets: [{url: http://a, urls: [http://b]}]",
    "targets: [{urls: []}]",
    "targets: [{urls: [http://a, http://a]}]",
    "targets: [{urls: http://a}]",
    "targets: [{url: http://a, basic_auth: {username: a}}]",
    "targets: [{url: http://a, basic_auth: {password: a}}]",
    "targets: [{url: http://a, bearer_token: 5}]",
    "targets: [{url: http://a, tls: {ca: x}}]",
    "calls: {get_license: 5}",
    "metrics: {info_labels: role}",
    "metrics: {info_labels: [role, role]}",
    "metrics: {info_labels: [target]}",
    "metrics: {client_id: none}",
    "metrics: {client_id_key: 5}",
    "web: {max_requests: -1}",
    "web: {max_requests: 10001}",
    "web: {max_requests: 1.5}",
    "[]",
  ])("refuses %s, as the exporter does", (yaml) => {
    expect(accepts(schema, parse(yaml))).toBe(false);
    expect(messageOf({ yaml })).toBeDefined();
  });
});
