import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { helpText } from "../../src/config/help.ts";
import { configOf, messageOf } from "./support.ts";
import type { Given } from "./support.ts";

const SECRET = "s3cr3t";
const FORMS = "takes a string, {env: NAME} or {file: PATH}";

function withHeaders(headers: string, given: Given = {}): Given {
  return { ...given, yaml: `targets:\n  - url: http://a\n    headers:\n      ${headers}\n` };
}

test("headers come from the file, the environment and other files", () => {
  const given = withHeaders(
    "{X-Plain: tokyo, Authorization: {env: TOKEN}, x-key: {file: /run/key}, x-near: {file: key}}",
    {
      env: { TOKEN: `Bearer ${SECRET}` },
      files: { "/run/key": "abc\n", key: "def\r\n" },
    },
  );
  expect(configOf(given).targets[0]!.headers).toEqual({
    "x-plain": "tokyo",
    authorization: `Bearer ${SECRET}`,
    "x-key": "abc",
    "x-near": "def",
  });
});

test("a relative path is one from the configuration file", () => {
  const argv = ["--config.file=/etc/sora/exporter.yaml"];
  const files = {
    "/etc/sora/exporter.yaml": "targets: [{url: http://a, headers: {x-key: {file: ../key}}}]",
    "/etc/key": SECRET,
  };
  expect(configOf({ argv, files }).targets[0]!.headers).toEqual({ "x-key": SECRET });
});

test("only one line feed is taken from the end of a file", () => {
  const given = withHeaders("x-key: {file: key}", { files: { key: "abc\n\n" } });
  expect(messageOf(given)).toBe(
    "config.yaml:4: targets[0].headers.x-key: holds characters that an HTTP header may not",
  );
});

describe("a header is refused", () => {
  test.each([
    ["x-a: {env: NOWHERE}", "4: targets[0].headers.x-a: the environment has no variable NOWHERE"],
    ["x-a: {env: toString}", "4: targets[0].headers.x-a: the environment has no variable toString"],
    ["x-a: {env: EMPTY}", "4: targets[0].headers.x-a: is empty"],
    ["x-a: {env: a b}", "4: targets[0].headers.x-a: env is not the name of a variable"],
    [
      "x-a: {file: nowhere}",
      "4: targets[0].headers.x-a: cannot read \"nowhere\": ENOENT: no such file or directory, open 'nowhere'",
    ],
    ["x-a: {file: empty}", "4: targets[0].headers.x-a: is empty"],
    ['x-a: ""', "4: targets[0].headers.x-a: is empty"],
    ['x-a: "a\\nb"', "4: targets[0].headers.x-a: holds characters that an HTTP header may not"],
    ["x-a: 東京", "4: targets[0].headers.x-a: holds characters that an HTTP header may not"],
    ["x-a: 5", `4: targets[0].headers.x-a: ${FORMS}`],
    ["x-a:", `4: targets[0].headers.x-a: ${FORMS}`],
    ["x-a: [b]", `4: targets[0].headers.x-a: ${FORMS}`],
    ["x-a: {}", `4: targets[0].headers.x-a: ${FORMS}`],
    ["x-a: {env: 5}", `4: targets[0].headers.x-a: ${FORMS}`],
    ["x-a: {env: A, file: b}", `4: targets[0].headers.x-a: ${FORMS}`],
    ["x-a: {env: A, other: b}", `4: targets[0].headers.x-a: ${FORMS}`],
    ["x-b: c\n      X-B: d", "5: targets[0].headers.X-B: is given twice; case does not matter"],
    ["x a: b", "4: targets[0].headers: holds a name that is not one of an HTTP header"],
    ["x-b: c\n      é: b", "5: targets[0].headers: holds a name that is not one of an HTTP header"],
    ["- x-a", "3: targets[0].headers: is not a map of header names and values"],
    ["x-a", "3: targets[0].headers: is not a map of header names and values"],
  ])("%j", (headers, message) => {
    const given = withHeaders(headers, { env: { EMPTY: "" }, files: { empty: "\n" } });
    expect(messageOf(given)).toBe(`config.yaml:${message}`);
  });

  test.each([
    "x-sora-target",
    "X-Sora-Target",
    "content-type",
    "content-length",
    "host",
    "Host",
    "connection",
    "transfer-encoding",
    "expect",
    "keep-alive",
    "upgrade",
  ])("when its name is %s", (name) => {
    expect(messageOf(withHeaders(`${name}: x`))).toBe(
      `config.yaml:4: targets[0].headers.${name}: may not be set`,
    );
  });
});

describe("a secret is never shown", () => {
  test.each([
    ["in an illegal value", withHeaders(`x-a: "${SECRET}\\n"`)],
    ["in an illegal value of a file", withHeaders("x-a: {file: key}", { files: { key: `${SECRET}\nx` } })],
    [
      "in an illegal value of the environment",
      withHeaders("x-a: {env: KEY}", { env: { KEY: `${SECRET}\u0000` } }),
    ],
    ["in a header that may not be set", withHeaders(`host: ${SECRET}`)],
    ["in a header given twice", withHeaders(`x-a: ${SECRET}\n      X-A: ${SECRET}`)],
    ["in the name of a header", withHeaders(`{Bearer ${SECRET}: x}`)],
    ["in the name of a header without a value", withHeaders(`{Bearer ${SECRET}}`)],
    ["in a map", withHeaders(`x-a: {Bearer ${SECRET}}`)],
    ["beside a source", withHeaders(`x-a: {env: A, Bearer ${SECRET}: x}`)],
    ["in a list", withHeaders(`x-a: [${SECRET}]`)],
    ["in place of a variable's name", withHeaders(`x-a: {env: Bearer ${SECRET}}`)],
    ["in headers that are no map", withHeaders(`Bearer ${SECRET}`)],
    ["in headers that are a list", withHeaders(`- authorization: Bearer ${SECRET}`)],
    ["as an alias", withHeaders(`x-a: *${SECRET}`)],
    ["as a tag", withHeaders(`x-a: !${SECRET} x`)],
    ["after the end of a quoted text", withHeaders(`x-a: "x" ${SECRET}`)],
    ["in a target that is no map", { yaml: `targets: ["http://u:${SECRET}@a"]` }],
    ["in the URL of a target", { yaml: `targets: [{url: "http://u:${SECRET}@a"}]` }],
    ["in the query of a URL", { yaml: `targets: [{url: "http://a/?t=${SECRET}"}]` }],
    ["in a URL that is none", { yaml: `sora: {url: "u:${SECRET}@a"}` }],
    ["in a URL on the command line", { argv: [`--sora.url=http://u:${SECRET}@a`] }],
    ["in a URL that is an argument", { argv: [`http://u:${SECRET}@a`] }],
    ["in a URL in the environment", { env: { SORA_STATS_EXPORTER_SORA_URL: `http://u:${SECRET}@a` } }],
    ["in an unknown flag", { argv: [`--header=authorization: ${SECRET}`] }],
    ["in the name of an unknown flag", { argv: [`--header: ${SECRET}`] }],
  ])("%s", (_, given: Given) => {
    const message = messageOf(given);
    expect(message).toBeDefined();
    expect(message).not.toContain(SECRET);
  });

  test("however YAML goes wrong around it", () => {
    const noise = fc.string({
      unit: fc.constantFrom(...Array.from(" {}[]:,\"'*&!|>%@`#-?\\~a\t")),
      maxLength: 5,
    });
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        expect(messageOf(withHeaders(`authorization: x${before}${SECRET}${after}`)) ?? "").not.toContain(
          SECRET,
        );
        expect(
          messageOf(withHeaders(`authorization: ${before}Bearer ${SECRET}${after}`)) ?? "",
        ).not.toContain(SECRET);
      }),
      { numRuns: 1000 },
    );
  });

  test("in the help", () => {
    expect(helpText()).not.toContain(SECRET);
  });
});
