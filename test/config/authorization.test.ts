import { describe, expect, test } from "vitest";
import { messageOf, openedOf, sentHeaders } from "./support.ts";
import type { Given } from "./support.ts";

/** A target with these keys, one on a line from the third line on. */
function target(keys: readonly string[], given: Given = {}): Given {
  return { ...given, yaml: `targets:\n  - url: http://a\n${keys.map((key) => `    ${key}\n`).join("")}` };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

describe("the header authorization", () => {
  test.each([
    ["basic_auth: {username: a, password: b c}", `Basic ${base64("a:b c")}`],
    ["basic_auth: {username: a, password: {env: PASSWORD}}", `Basic ${base64("a:env:b")}`],
    ["basic_auth: {username: a, password: {file: password}}", `Basic ${base64("a:file b")}`],
    ["basic_auth: {username: 東京, password: 大阪}", `Basic ${base64("東京:大阪")}`],
    ['basic_auth: {username: "", password: b}', `Basic ${base64(":b")}`],
    ["bearer_token: a.b-c", "Bearer a.b-c"],
    ["bearer_token: {env: TOKEN}", "Bearer env"],
    ["bearer_token: {file: /run/token}", "Bearer file"],
  ])("comes from %s", (key, authorization) => {
    const given = target([key, "headers: {x-a: b}"], {
      env: { PASSWORD: "env:b", TOKEN: "env" },
      files: { password: "file b\n", "/run/token": "file\r\n" },
    });
    expect(sentHeaders(given)).toEqual({ "x-a": "b", authorization });
  });

  test.each([
    ["basic_auth: {username: a, password: {file: secret}}", "Basic YTpuZXc="],
    ["bearer_token: {file: secret}", "Bearer new"],
  ])("is read anew each time: %s", (key, authorization) => {
    const files: Record<string, string> = { secret: "old\n" };
    const read = openedOf(target([key], { files })).headers.authorization;
    if (typeof read !== "function") throw new Error("not read anew");
    files.secret = "new\n";
    expect(read()).toBe(authorization);
    files.secret = "";
    expect(read).toThrow(new Error('"secret" is empty'));
    delete files.secret;
    expect(read).toThrow(
      new Error("cannot read \"secret\": ENOENT: no such file or directory, open 'secret'"),
    );
  });

  test("has no line breaks in a password that a file holds later", () => {
    const files: Record<string, string> = { secret: "old" };
    const given = target(["basic_auth: {username: a, password: {file: secret}}"], { files });
    const read = openedOf(given).headers.authorization as () => string;
    files.secret = "s3cr3t\n\n";
    expect(read).toThrow(new Error('"secret" holds a line break or another control character'));
  });
});

describe("an authorization is refused", () => {
  const PASSWORD = "3: targets[0].basic_auth.password";
  const FORMS = "takes a string, {env: NAME} or {file: PATH}";
  test.each([
    [["basic_auth: {password: b}"], "3: targets[0].basic_auth.username: is missing"],
    [
      ["basic_auth: {username: 5, password: b}"],
      "3: targets[0].basic_auth.username: is not a text; put it in quotes",
    ],
    [
      ['basic_auth: {username: "a:b", password: b}'],
      "3: targets[0].basic_auth.username: holds a colon or a control character",
    ],
    [
      ['basic_auth: {username: "a\\nb", password: b}'],
      "3: targets[0].basic_auth.username: holds a colon or a control character",
    ],
    [
      ["basic_auth: {username: a, pasword: b, password: c}"],
      "3: targets[0].basic_auth: unknown key; allowed here: username, password",
    ],
    [["basic_auth: {username: a}"], `${PASSWORD}: ${FORMS}`],
    [["basic_auth: {username: a, password: 5}"], `${PASSWORD}: ${FORMS}`],
    [['basic_auth: {username: a, password: ""}'], `${PASSWORD}: is empty`],
    [
      ['basic_auth: {username: a, password: "b\\nc"}'],
      `${PASSWORD}: holds a line break or another control character`,
    ],
    [
      ["basic_auth: {username: a, password: {env: NOWHERE}}"],
      `${PASSWORD}: the environment has no variable NOWHERE`,
    ],
    [
      ["basic_auth: {username: a, password: {file: nowhere}}"],
      `${PASSWORD}: cannot read "nowhere": ENOENT: no such file or directory, open 'nowhere'`,
    ],
    [["bearer_token: 5"], `3: targets[0].bearer_token: ${FORMS}`],
    [['bearer_token: ""'], "3: targets[0].bearer_token: is empty"],
    [["bearer_token: {file: empty}"], "3: targets[0].bearer_token: is empty"],
    [['bearer_token: "a\\nb"'], "3: targets[0].bearer_token: holds characters that an HTTP header may not"],
    [
      ["basic_auth: {username: a, password: b}", "bearer_token: c"],
      "4: targets[0].bearer_token: may not be set beside basic_auth; both are the header authorization",
    ],
    [
      ["bearer_token: c", "headers: {authorization: d}"],
      "3: targets[0].bearer_token: may not be set beside headers.authorization; both are the header authorization",
    ],
    [
      ["headers: {Authorization: d}", "basic_auth: {username: a, password: b}"],
      "4: targets[0].basic_auth: may not be set beside headers.Authorization; both are the header authorization",
    ],
  ])("%j", (keys, message) => {
    expect(messageOf(target(keys, { files: { empty: "\n" } }))).toBe(`config.yaml:${message}`);
  });
});
