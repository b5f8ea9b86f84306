import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_BUILD_LIMITS, SnapshotBuilder } from "../../src/snapshot/build.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { Increases, MAX_COLUMNS } from "../../src/sums/increases.ts";
import { KEEP_CHANNEL_MS, Sums } from "../../src/sums/sums.ts";
import { connection } from "../support/build.ts";
import { seriesOf } from "../calls/support.ts";

const INTERVAL_MS = 10_000;

/** Sums over polls ten seconds apart; a poll that failed is undefined. */
function sumsOf(polls: readonly (readonly object[] | undefined)[], intervalMs = INTERVAL_MS): string[][] {
  const builder = new SnapshotBuilder("t");
  const sums = new Sums("t");
  let last: Snapshot[] = [];
  return polls.map((answer, i) => {
    if (answer !== undefined) last = sums.add(builder.build(answer, i).snapshot, i * intervalMs);
    return (
      seriesOf(...last)
        // Joins and leaves are no sums of counters; comings.test.ts is about them.
        .filter((series) => series.startsWith("counter ") && !/_(joins|leaves)_total/.test(series))
        .map((series) => series.replace(/^counter sora_/, ""))
    );
  });
}

function sent(connection_id: string, total_sent: number, channel_id = "a"): object {
  return connection({ rtp: { total_sent } }, { channel_id, connection_id });
}

describe("the counters of a channel and of the target", () => {
  test("begin at zero with what the first poll finds, then grow by what connections have grown", () => {
    expect(
      sumsOf([
        [sent("A", 1000), sent("B", 500, "b")],
        [sent("A", 1007), sent("B", 500, "b")],
      ]),
    ).toEqual([
      [
        'channel_sent_packets_total{channel_id="a"} 0',
        'channel_sent_packets_total{channel_id="b"} 0',
        "target_sent_packets_total 0",
      ],
      [
        'channel_sent_packets_total{channel_id="a"} 7',
        'channel_sent_packets_total{channel_id="b"} 0',
        "target_sent_packets_total 7",
      ],
    ]);
  });

  const total = (polls: Parameters<typeof sumsOf>[0], intervalMs?: number) =>
    sumsOf(polls, intervalMs).map((series) => Number(series.at(-1)?.split(" ").at(-1)));

  test("count a connection that joins later in full", () => {
    expect(total([[sent("A", 5)], [sent("A", 5), sent("B", 30)]])).toEqual([0, 30]);
  });

  test("do not fall when a connection leaves", () => {
    expect(total([[sent("A", 5), sent("B", 7)], [sent("A", 6), sent("B", 8)], [sent("A", 6)], []])).toEqual([
      0, 2, 2, 2,
    ]);
  });

  test("take a counter that fell for one that began anew", () => {
    expect(total([[sent("A", 100)], [sent("A", 130)], [sent("A", 4)], [sent("A", 6)]])).toEqual([
      0, 30, 34, 36,
    ]);
  });

  test("take a counter that fell for one that lags where another node says so, at the first poll of that node alone", () => {
    const builder = new SnapshotBuilder("t");
    const sums = new Sums("t");
    const polls: [source: string, sent: number][] = [
      ["a", 1000],
      ["a", 1005],
      ["b", 900],
      ["b", 910],
      ["a", 1010],
      ["b", 1020],
      ["b", 4],
    ];
    const totals = polls.map(([source, n], i) => {
      const { snapshot } = builder.build([sent("A", n)], i);
      const [, target] = sums.add({ ...snapshot, source }, i * INTERVAL_MS);
      return target!.families[0]!.columns[0]!.values[0];
    });
    // What the node that lags says is what is compared with; on one node a counter that fell has begun anew.
    expect(totals).toEqual([0, 5, 5, 15, 115, 125, 129]);
  });

  test("go on where they were when a connection was missing for a while", () => {
    expect(total([[sent("A", 100)], [], [], [sent("A", 120)]])).toEqual(
      [0, NaN, NaN, 20].map((n, i) => (i === 1 || i === 2 ? 0 : n)),
    );
  });

  test("go on where they were after polls that failed", () => {
    expect(total([[sent("A", 100)], undefined, undefined, [sent("A", 120)]])).toEqual([0, 0, 0, 20]);
  });

  test("go on after a restart of Sora, with all connections new", () => {
    expect(total([[sent("A", 100)], [sent("A", 150)], [], [sent("N", 3)], [sent("N", 5)]])).toEqual([
      0, 50, 50, 53, 55,
    ]);
  });

  test("count a field that appears later in full, and one that was missing for a poll once", () => {
    const with2 = (a: number, b?: number) =>
      connection({ dtls: { total_sent_dtls: a, ...(b === undefined ? {} : { total_received_dtls: b }) } });
    const polls = [[with2(1)], [with2(1, 50)], [with2(1)], [with2(1, 60)]];
    expect(
      sumsOf(polls).map((series) => series.filter((one) => one.startsWith("target_dtls_received"))),
    ).toEqual([
      [],
      ["target_dtls_received_packets_total 50"],
      ["target_dtls_received_packets_total 50"],
      ["target_dtls_received_packets_total 60"],
    ]);
  });

  test("forget a connection that is missing from the answers for long", () => {
    const others = (minutes: number) => Array.from({ length: minutes }, () => [sent("B", 1)]);
    const after = (minutes: number) =>
      total([[sent("A", 100), sent("B", 1)], ...others(minutes), [sent("A", 120), sent("B", 1)]], 60_000).at(
        -1,
      );
    expect([after(10), after(11)]).toEqual([20, 120]);
  });

  test("forget nothing while Sora is away, however long, or asked only once a day", () => {
    const failed = Array.from({ length: 100 }, () => undefined);
    expect(total([[sent("A", 100)], ...failed, [sent("A", 120)]], 60_000).at(-1)).toBe(20);
    expect(total([[sent("A", 100)], [sent("A", 110)], [sent("A", 120)]], 86_400_000)).toEqual([0, 10, 20]);
  });

  test("keep the labels of their metrics apart, and leave gauges alone", () => {
    const answer = (n: number) => [
      connection({
        rtcp: { total_sent_rtcp_sr: n, total_sent_rtcp_rr: 2 * n },
        ice_connection_state: { total_checking_duration_ms: 1500 * n },
        network_status: { unstable_level: 2 },
      }),
    ];
    expect(sumsOf([answer(1), answer(3)])[1]).toEqual([
      'channel_ice_state_seconds_total{channel_id="ch",state="checking"} 3',
      'channel_rtcp_sent_messages_total{channel_id="ch",type="rr"} 4',
      'channel_rtcp_sent_messages_total{channel_id="ch",type="sr"} 2',
      'target_ice_state_seconds_total{state="checking"} 3',
      'target_rtcp_sent_messages_total{type="rr"} 4',
      'target_rtcp_sent_messages_total{type="sr"} 2',
    ]);
  });
});

test("a channel's series go some minutes after its last connection, and begin anew with the next", () => {
  const alone = (minutes: number) => Array.from({ length: minutes }, () => [sent("B", 1, "b")]);
  const polls = (minutes: number) => [
    [sent("A", 1), sent("B", 1, "b")],
    [sent("A", 5), sent("B", 1, "b")],
    ...alone(minutes),
    [sent("B", 1, "b"), sent("C", 3)],
  ];
  const channel = (minutes: number) =>
    sumsOf(polls(minutes), 60_000)
      .slice(-2)
      .map((series) =>
        series
          .find((one) => one.includes('channel_id="a"'))
          ?.split(" ")
          .at(-1),
      );
  expect(KEEP_CHANNEL_MS).toBe(5 * 60_000);
  expect(channel(4)).toEqual(["4", "7"]);
  // It comes back in the poll in which it would have been forgotten.
  expect(channel(5)).toEqual(["4", "7"]);
  expect(channel(6)).toEqual([undefined, "3"]);
});

test("ten thousand counters of data channels, always with new labels, fill no more than their bound, and cost no other sum", () => {
  const builder = new SnapshotBuilder("t", { ...DEFAULT_BUILD_LIMITS, dataChannelLabels: 1000 });
  const counters = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`total_${i}`, 1]));
  const sums = new Sums("t");
  const answer = (poll: number) => [
    connection({
      rtp: { total_sent: poll * 5 },
      data_channel: Object.fromEntries(
        Array.from({ length: 1000 }, (_, i) => [`#${poll}-${i}`, counters]),
      ) as object,
    }),
  ];
  for (let poll = 0; poll < 15; poll++) {
    const [channels, target] = sums.add(builder.build(answer(poll), 0).snapshot, poll * 60_000);
    // Sora's own metric has a place in any case, beyond the bound if it comes when that is reached.
    const most = poll < 3 ? MAX_COLUMNS + 1 : MAX_COLUMNS;
    expect([channels!.series, target!.series]).toEqual([most, most]);
    // Those of more than two minutes ago give way to new ones.
    const room = poll % 3 !== 0 ? 0 : poll === 0 ? MAX_COLUMNS : MAX_COLUMNS - 1;
    expect(sums.leftOut).toBe(10_000 - room);
    const sent = target!.families.find(({ name }) => name === "sora_target_sent_packets_total");
    expect(sent?.columns[0]?.values[0]).toBe(poll * 5);
  }
});

test("among more new labels than there is room for, one that many connections have is added up", () => {
  const builder = new SnapshotBuilder("t");
  const sums = new Sums("t");
  const counters = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`total_${i}`, 1]));
  const answer = Array.from({ length: 20 }, (_, i) => {
    const strangers = Array.from({ length: 50 }, (_, k) => [`!${i}-${k}`, counters]);
    const data_channel = Object.fromEntries([...strangers, ["zoom", counters]]) as object;
    return connection({ data_channel }, { connection_id: `C${i}` });
  });
  const [, target] = sums.add(builder.build(answer, 0).snapshot, 0);
  expect(sums.leftOut).toBe(10_010 - MAX_COLUMNS);
  const zoom = target!.families
    .flatMap(({ columns }) => columns)
    .filter(({ labels }) => labels.some(([, label]) => label === "zoom"));
  expect(zoom).toHaveLength(10);
});

test("a metric that nobody has for a night goes on where it was", () => {
  const night = Array.from({ length: 100 }, () => []);
  const polls = [[sent("A", 1)], [sent("A", 1000)], ...night, [sent("B", 5, "b")]];
  expect(sumsOf(polls, 60_000).at(-1)).toContain("target_sent_packets_total 1004");
});

/** What happens to one connection between two polls. */
interface Life {
  readonly id: string;
  readonly channel: string;
  /** By poll: how much it grew since the one before; `reset` begins anew, `absent` is not in the answer, null has left. */
  readonly steps: readonly ({ grow: number; event: "none" | "reset" | "absent" } | null)[];
}

const POLLS = 12;
const LIVES = fc.array(
  fc.record({
    channel: fc.constantFrom("a", "b", "c"),
    joins: fc.nat(POLLS - 1),
    stays: fc.integer({ min: 1, max: POLLS }),
    steps: fc.array(
      fc.record({
        grow: fc.nat(1000),
        event: fc.constantFrom(
          "none" as const,
          "none" as const,
          "none" as const,
          "reset" as const,
          "absent" as const,
        ),
      }),
      { minLength: POLLS, maxLength: POLLS },
    ),
  }),
  { minLength: 1, maxLength: 8 },
);
/** By poll: which node answers, or none. */
const NODES = fc.array(fc.constantFrom("a", "a", "b", undefined), { minLength: POLLS, maxLength: POLLS });

/** Answers and, apart from the code, what could be seen to have grown up to each of them, by channel. */
function play(lives: readonly Life[], nodes: readonly (string | undefined)[]) {
  const counters = new Map<string, number>();
  const seen = new Map<string, number>();
  const expected = new Map<string, number>();
  let last: string | undefined;
  return Array.from({ length: POLLS }, (_, poll) => {
    const answer: object[] = [];
    const source = nodes[poll];
    for (const { id, channel, steps } of lives) {
      const step = steps[poll];
      if (step === null || step === undefined) continue;
      const value = (step.event === "reset" ? 0 : (counters.get(id) ?? 0)) + step.grow;
      counters.set(id, value);
      if (step.event === "absent" || source === undefined) continue;
      answer.push(sent(id, value, channel));
      const before = seen.get(id);
      const fresh = last === undefined ? 0 : value;
      const fallen = last === source ? value : 0;
      const grown = before === undefined ? fresh : value >= before ? value - before : fallen;
      seen.set(id, value);
      expected.set(channel, (expected.get(channel) ?? 0) + grown);
    }
    if (source === undefined) return { answer: undefined, expected: new Map(expected) };
    last = source;
    return { answer, source, expected: new Map(expected) };
  });
}

function livesOf(random: typeof LIVES extends fc.Arbitrary<infer T> ? T : never): Life[] {
  return random.map(({ channel, joins, stays, steps }, i) => ({
    id: `C${i}`,
    channel,
    steps: steps.map((step, poll) => (poll < joins || poll >= joins + stays ? null : step)),
  }));
}

test("whatever joins, leaves, begins anew, is missing, fails or is told by another node: sums equal what was seen to grow, and never fall", () => {
  fc.assert(
    fc.property(LIVES, NODES, (random, nodes) => {
      const polls = play(livesOf(random), nodes);
      const builder = new SnapshotBuilder("t");
      const sums = new Sums("t");
      const before = new Map<string, number>();
      polls.forEach(({ answer, source, expected }, i) => {
        if (answer === undefined) return;
        const { snapshot } = builder.build(answer, i);
        const [channels, target] = sums.add({ ...snapshot, source }, i * INTERVAL_MS);
        const values = new Map<string, number>();
        for (const { columns } of channels!.families) {
          for (const { rows, values: found } of columns)
            found.forEach((value, k) => values.set(channels!.rows[rows![k]!]!.channelId!, value));
        }
        expect(values).toEqual(expected);
        const whole = target!.families[0]?.columns[0]?.values[0] ?? 0;
        expect(whole).toBe([...expected.values()].reduce((sum, value) => sum + value, 0));
        for (const [channel, value] of [...values, ["", whole] as const]) {
          expect(value).toBeGreaterThanOrEqual(before.get(channel) ?? 0);
          before.set(channel, value);
        }
      });
    }),
    { numRuns: 1000 },
  );
});

test("a plain sum of what the connections say does not stand that test", () => {
  const falls = (random: Parameters<typeof livesOf>[0], nodes: readonly (string | undefined)[]) => {
    let last = 0;
    return play(livesOf(random), nodes).some(({ answer }) => {
      if (answer === undefined) return false;
      const sum = answer.reduce(
        (n: number, one) => n + (one as { rtp: { total_sent: number } }).rtp.total_sent,
        0,
      );
      const fell = sum < last;
      last = sum;
      return fell;
    });
  };
  const samples = fc.sample(fc.tuple(LIVES, NODES), { numRuns: 200, seed: 1 });
  expect(samples.filter(([random, nodes]) => falls(random, nodes)).length).toBeGreaterThan(50);
});

test("connections that come and go do not add up for ever", () => {
  const builder = new SnapshotBuilder("t");
  const increases = new Increases();
  for (let poll = 0; poll < 200; poll++) {
    const answer = Array.from({ length: 50 }, (_, i) => sent(`${poll}-${i}`, 1));
    increases.take(builder.build(answer, 0).snapshot, poll * 60_000, () => undefined);
  }
  expect(increases.size).toBeLessThanOrEqual(50 * 12);
});

test("what is known of those who stay survives when many leave, and takes less room again", () => {
  const builder = new SnapshotBuilder("t");
  const sums = new Sums("t");
  const many = Array.from({ length: 3000 }, (_, i) => sent(`M${i}`, i));
  const stays = (n: number) => [sent("S", n), sent("T", 2 * n, "b")];
  sums.add(builder.build([...many, ...stays(1)], 0).snapshot, 0);
  let last: Snapshot[] = [];
  for (let minute = 1; minute <= 15; minute++)
    last = sums.add(builder.build(stays(1 + 10 * minute), 0).snapshot, minute * 60_000);
  expect(seriesOf(...last).filter((series) => series.includes("sent_packets"))).toEqual([
    'counter sora_channel_sent_packets_total{channel_id="a"} 150',
    'counter sora_channel_sent_packets_total{channel_id="b"} 300',
    "counter sora_target_sent_packets_total 450",
  ]);
});
