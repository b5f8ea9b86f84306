import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { helpText } from "../../src/config/help.ts";
import { messageOf, openedOf, sentHeaders } from "./support.ts";
import type { Given } from "./support.ts";

const SECRET = "s3cr3t";
const FORMS = "takes a string, {env: NAME} or {file: PATH}";

function withHeaders(headers: string, given: Given = {}): Given {
  return { ...given, yaml: `targets:\n  - url: http://a\n    headers:\n      ${headers}\n` };
}

function withTarget(keys: string, given: Given = {}): Given {
  const merge = keys.startsWith("{") ? keys.slice(1, -1) : keys;
  return { ...given, yaml: `targets:\n  - {url: http://a, ${merge}}\n` };
}

test("headers come from the file, the environment and other files", () => {
  const given = withHeaders(
    "{X-Plain: tokyo, Authorization: {env: TOKEN}, x-key: {file: /run/key}, x-near: {file: key}}",
    {
      env: { TOKEN: `Bearer ${SECRET}` },
      files: { "/run/key": "abc\n", key: "def\r\n" },
    },
  );
  expect(sentHeaders(given)).toEqual({
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
  expect(sentHeaders({ argv, files })).toEqual({ "x-key": SECRET });
});

test("only one line feed is taken from the end of a file", () => {
  const given = withHeaders("x-key: {file: key}", { files: { key: "abc\n\n" } });
  expect(messageOf(given)).toBe(
    "config.yaml:4: targets[0].headers.x-key: holds characters that an HTTP header may not",
  );
});

describe("a header from a file", () => {
  const files: Record<string, string> = {};
  const load = () => {
    files.key = "old\n";
    return openedOf(
      withHeaders("{x-key: {file: key}, x-plain: a, x-env: {env: B}}", { files, env: { B: "b" } }),
    );
  };

  test("is read anew each time, others are not", () => {
    const { "x-key": read, ...others } = load().headers;
    if (typeof read !== "function") throw new Error("not read anew");
    expect(others).toEqual({ "x-plain": "a", "x-env": "b" });
    expect(read()).toBe("old");
    files.key = "new\r\n";
    expect(read()).toBe("new");
  });

  test.each([
    [undefined, "cannot read \"key\": ENOENT: no such file or directory, open 'key'"],
    ["\n", '"key" is empty'],
    [`${SECRET}\n\n`, '"key" holds characters that an HTTP header may not'],
  ])("that has become %j is an error, and not for good", (content, message) => {
    const read = load().headers["x-key"] as () => string;
    delete files.key;
    if (content !== undefined) files.key = content;
    expect(read).toThrow(new Error(message));
    files.key = "good again";
    expect(read()).toBe("good again");
  });
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
    ["in a bearer token that is none", withTarget(`bearer_token: "${SECRET}\\n"`)],
    ["in a bearer token that is a map", withTarget(`bearer_token: {Bearer ${SECRET}}`)],
    ["in a bearer token that is a list", withTarget(`bearer_token: [${SECRET}]`)],
    ["in a bearer token's file", withTarget("bearer_token: {file: k}", { files: { k: `${SECRET}\nx` } })],
    ["in a bearer token in place of a variable", withTarget(`bearer_token: {env: Bearer ${SECRET}}`)],
    ["in a password that is none", withTarget(`basic_auth: {username: a, password: "${SECRET}\\n"}`)],
    ["in a password that is a map", withTarget(`basic_auth: {username: a, password: {${SECRET}: x}}`)],
    ["in a user's name", withTarget(`basic_auth: {username: "a:${SECRET}", password: x}`)],
    ["in a user's name that is a map", withTarget(`basic_auth: {username: {${SECRET}: x}, password: x}`)],
    ["in place of user and password", withTarget(`basic_auth: "a:${SECRET}"`)],
    ["in place of the key of a password", withTarget(`basic_auth: {username: a, ${SECRET}: x}`)],
    [
      "beside a header authorization",
      withTarget(`{bearer_token: ${SECRET}, headers: {Authorization: ${SECRET}}}`),
    ],
    ["in place of a key's file", withTarget(`tls: {key_file: "-----BEGIN PRIVATE KEY-----${SECRET}"}`)],
    ["in a key's file", withTarget("tls: {key_file: k, cert_file: k}", { files: { k: SECRET } })],
    ["in the key of the hash", { yaml: `metrics: {client_id_key: ${SECRET}}` }],
    [
      "in a key of the hash that is a map",
      { yaml: `metrics: {client_id: hash, client_id_key: {${SECRET}: x}}` },
    ],
    ["in a key of the hash on the command line", { argv: [`--metrics.client-id-key=${SECRET}`] }],
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
        const wrongs = [`x${before}${SECRET}${after}`, `${before}Bearer ${SECRET}${after}`];
        for (const wrong of wrongs) {
          const places = [
            withHeaders(`authorization: ${wrong}`),
            { yaml: `targets:\n  - url: http://a\n    bearer_token: ${wrong}\n` },
            {
              yaml: `targets:\n  - url: http://a\n    basic_auth:\n      username: a\n      password: ${wrong}\n`,
            },
            { yaml: `metrics:\n  client_id: hash\n  client_id_key: ${wrong}\n` },
          ];
          for (const place of places) expect(messageOf(place) ?? "").not.toContain(SECRET);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("in the help", () => {
    expect(helpText()).not.toContain(SECRET);
  });
});
