/** Random answers of GetStatsAllConnections, for tests: much as Sora sends them, and not at all. */

import fc from "fast-check";
import { fixture } from "../support/build.ts";

/** What the samples hold beside the ids, without braces. */
const SAMPLES = ["2022", "2024"].map((form) => {
  const sample = Object.entries(JSON.parse(fixture(`sora/connection-${form}.json`)) as object);
  return JSON.stringify(Object.fromEntries(sample.filter(([key]) => !key.endsWith("_id")))).slice(1, -1);
});

const KEY = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom("rtp", "rtcp", "cc", "ice_connection_state", "simulcast", "r0") },
  {
    weight: 8,
    arbitrary: fc.constantFrom("data_channel", "#chat", '#a"', "#b\\", "#\u{3042}", "long".repeat(9)),
  },
  {
    weight: 20,
    arbitrary: fc.constantFrom(
      "total_sent",
      "total_received",
      "total_pli_trigger",
      "total_checking_duration_ms",
      "max_retransmits",
      "round_trip_time",
      "ordered",
      "direction",
      "protocol",
      "x",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "7",
      "01",
      "",
      "__proto__",
      "client_id",
      "a\nb",
      "\ud800",
      "\u{fdd0}",
      "\u{fffd}",
    ),
  },
);

const NUMBERS = fc.constantFrom(
  ..."0 -0 12 -5 123456789012345 1234567890123456 9007199254740993 9999999999999999999 99999999999999999999".split(
    " ",
  ),
  ..."9007199254740991 9007199254740992 9007199254740991.4 9007199254740991.5 900719925474099.1e1 9.007199254740992E15".split(
    " ",
  ),
  ..."0.1 -1.5 4.35 1.0 10e-1 1E5 1e+5 1e22 1e23 1e-22 1e-23 0.30000000000000004 5e-324 1e308 1e309 -1e400".split(
    " ",
  ),
  "1180591620717411303424",
  `1${"0".repeat(60)}`,
);
const NUMBER = fc.oneof(
  { weight: 6, arbitrary: fc.nat().map(String) },
  { weight: 1, arbitrary: NUMBERS },
  {
    weight: 1,
    arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  },
);
const SCALAR = fc.constantFrom(
  ...["true", "false", "null", '""', '"sendrecv"', '"\u{e9}"', '"\\u00e9\\n\\/"', '"\u{fdd0}"', '"\\ud800"'],
  `"${"z".repeat(40)}"`,
);

/** Members of an object, without its braces; a key may come twice. */
const { members } = fc.letrec<{ members: string; value: string }>((tie) => ({
  members: fc
    .tuple(
      fc.uniqueArray(fc.tuple(KEY, tie("value")), { selector: ([key]) => key, maxLength: 7 }),
      fc.oneof(
        { weight: 30, arbitrary: fc.constant(undefined) },
        { weight: 1, arbitrary: fc.tuple(KEY, tie("value")) },
      ),
    )
    .map(([unique, another]) =>
      [...unique, ...(another ? [another] : [])]
        .map(([key, value]) => `${JSON.stringify(key)}:${value}`)
        .join(","),
    ),
  value: fc.oneof(
    { maxDepth: 5 },
    { weight: 24, arbitrary: NUMBER },
    { weight: 8, arbitrary: SCALAR },
    { weight: 16, arbitrary: tie("members").map((inner) => `{${inner}}`) },
    { weight: 1, arbitrary: fc.option(tie("value"), { nil: "" }).map((inner) => `[${inner}]`) },
  ),
}));

const ID = fc.oneof(
  { weight: 12, arbitrary: fc.nat({ max: 60 }).map((n) => `"C${n}"`) },
  { weight: 1, arbitrary: fc.oneof(SCALAR, NUMBER) },
);

/** An answer as text: a few shapes with other numbers again and again, so that they are learnt. */
export const ANSWER: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(
      fc.oneof({ weight: 4, arbitrary: members }, { weight: 1, arbitrary: fc.constantFrom(...SAMPLES) }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
    fc.array(fc.tuple(fc.nat(), ID, fc.oneof(fc.constant('"ch"'), ID), ID, fc.nat()), { maxLength: 25 }),
    fc.constantFrom("", "", "", " ", "\r\n\t"),
  )
  .map(([shapes, connections, blank]) => {
    const elements = connections.map(([shape, connection, channel, client, number]) => {
      const rest = shapes[shape % shapes.length]!.replaceAll(/:\d+(?=[,}])/g, `:${number}`);
      const ids = `"channel_id":${channel},"connection_id":${connection},"client_id":${client}`;
      return shape % 40 === 0 ? client : `{${ids}${rest && `,${rest}`}}`;
    });
    return `${blank}[${elements.join(`${blank},${blank}`)}]${blank}`;
  });
