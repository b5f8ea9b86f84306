import { expect, test } from "vitest";
import { conceal } from "../../src/sora/conceal.ts";
import { SoraFailure } from "../../src/sora/failure.ts";

const basic = `Basic ${Buffer.from("user:pass word+1").toString("base64")}`;

test.each([
  ["no such token: Bearer abcdefgh-1234", "no such token: <secret>"],
  ["no such token: abcdefgh-1234", "no such token: <secret>"],
  ["it was cut: abcdefgh-1…", "it was cut: <secret>…"],
  [`${basic} is wrong`, "<secret> is wrong"],
  ["user:pass word+1 is wrong", "<secret> is wrong"],
  ["pass word+1 and pass%20word%2B1 are wrong", "<secret> and <secret> are wrong"],
  [`in Base64: ${Buffer.from("abcdefgh-1234").toString("base64")}`, "in Base64: <secret>"],
  ["abc is too short to be anything", "abc is too short to be anything"],
])("%s", (said, shown) => {
  const failure = conceal(new SoraFailure("sora_error", said, { refusal: true }), [
    "Bearer abcdefgh-1234",
    basic,
    "abc",
  ]);
  expect(failure).toMatchObject({ message: shown, reason: "sora_error", refusal: true });
});
