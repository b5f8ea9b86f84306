import fc from "fast-check";
import { expect, test } from "vitest";
import { formatRecord, readRecord } from "../../src/sora/recording.ts";

const line = (text: string): Buffer => Buffer.from(text);

test("a record is one line in sorastats' format", () => {
  expect(formatRecord(1_700_000_000_042, line('[{"connection_id":"A"}]')).toString()).toBe(
    '{"time":{"secs_since_epoch":1700000000,"nanos_since_epoch":42000000},"values":[{"connection_id":"A"}]}\n',
  );
});

test("line breaks of the body become blanks, and nothing else changes", () => {
  const body = '[\r\n {"channel_id": "a\\nb 朝会"},\n\n {}\r]\n';
  expect(formatRecord(0, line(body)).toString()).toBe(
    '{"time":{"secs_since_epoch":0,"nanos_since_epoch":0},"values":[   {"channel_id": "a\\nb 朝会"},   {} ] }\n',
  );
});

test("the body that was given is left alone", () => {
  const body = line("[\n]");
  formatRecord(0, body);
  expect(body.toString()).toBe("[\n]");
});

test("what was written is read again, byte by byte", () => {
  const bodies = fc
    .tuple(fc.array(fc.dictionary(fc.string({ unit: "binary" }), fc.jsonValue())), fc.boolean())
    .map(([connections, indented]) => line(JSON.stringify(connections, null, indented ? 2 : 0)));
  fc.assert(
    fc.property(fc.nat(4_102_444_800_000), bodies, (timeMs, body) => {
      const written = formatRecord(timeMs, body);
      expect(written.indexOf("\n")).toBe(written.length - 1);
      const read = readRecord(written);
      expect(read.timeMs).toBe(timeMs);
      expect(read.values.toString()).toBe(body.toString().replaceAll("\n", " "));
    }),
    { numRuns: 50 },
  );
});

test("values stay as they stand, with spellings that parsing would lose", () => {
  const values = '[ {"a":1.0,"b":12345678901234567890,"#\\u0061":"\\/" , "#a\\\\":1,"#a\\"":2} ]';
  const time = '{ "secs_since_epoch": 7, "nanos_since_epoch": 0 }';
  expect(readRecord(line(` { "time" : ${time} , "values" : ${values} } \r\n`)).values.toString()).toBe(
    values,
  );
});

test.each([
  ["values before the time", '{"values":[{"a":1}],"time":{"secs_since_epoch":1,"nanos_since_epoch":0}}'],
  [
    "another member behind",
    '{"time":{"secs_since_epoch":1,"nanos_since_epoch":0},"values":[{"a":1}],"x":[{}]}',
  ],
  [
    "another member of the time",
    '{"time":{"nanos_since_epoch":0,"x":{},"secs_since_epoch":1},"values":[{"a":1}]}',
  ],
])("%s is read too", (_name, text) => {
  const { timeMs, values } = readRecord(line(text));
  expect(timeMs).toBe(1_000);
  expect(values.toString()).toBe('[{"a":1}]');
});

test.each([
  ["below a second, as sorastats writes them", 999_999_999, 1_700_000_000_999],
  ["none", 0, 1_700_000_000_000],
  ["the whole time, as their name says", 1_700_000_000_250_000_000, 1_700_000_000_250],
])("nanoseconds: %s", (_name, nanos, timeMs) => {
  const time = `{"secs_since_epoch":1700000000,"nanos_since_epoch":${nanos}}`;
  expect(readRecord(line(`{"time":${time},"values":[]}`)).timeMs).toBe(timeMs);
});

test.each([
  ["", "not JSON"],
  ['{"time":{"secs_since_epoch":1,"nanos_since_epoch":0},"values":[{}', "not JSON"],
  ["[]", "not an object"],
  ["null", "not an object"],
  ['{"values":[]}', '"time" must be an object'],
  ['{"time":1,"values":[]}', '"time" must be an object'],
  [
    '{"time":{"nanos_since_epoch":0},"values":[]}',
    '"time.secs_since_epoch" must be an integer of at least 0',
  ],
  [
    '{"time":{"secs_since_epoch":-1,"nanos_since_epoch":0},"values":[]}',
    '"time.secs_since_epoch" must be an integer of at least 0',
  ],
  [
    '{"time":{"secs_since_epoch":1,"nanos_since_epoch":"0"},"values":[]}',
    '"time.nanos_since_epoch" must be an integer of at least 0',
  ],
  [
    '{"time":{"secs_since_epoch":1700000000,"nanos_since_epoch":1600000000250000000},"values":[]}',
    '"time.nanos_since_epoch" is neither below a second nor the time of "secs_since_epoch"',
  ],
  ['{"time":{"secs_since_epoch":1,"nanos_since_epoch":0}}', '"values" must be an array of connections'],
  [
    '{"time":{"secs_since_epoch":1,"nanos_since_epoch":0},"values":{}}',
    '"values" must be an array of connections',
  ],
  [
    '{"time":{"secs_since_epoch":1,"nanos_since_epoch":0},"values":[1]}',
    '"values" must be an array of connections',
  ],
])("%s is refused", (text, message) => {
  expect(() => readRecord(line(text))).toThrow(new SyntaxError(message));
});
