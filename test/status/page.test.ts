import { describe, expect, test } from "vitest";
import { type PageOptions, statusPage } from "../../src/status/page/page.ts";
import { LANGUAGES, type Texts, TEXTS } from "../../src/status/page/texts.ts";
import { readQuery } from "../../src/status/query.ts";
import { connectionStatus, NO_RATES, NOW, sampleStatus, targetStatus } from "./sample.ts";

function page(changes: Partial<PageOptions> = {}): string {
  return statusPage({
    status: sampleStatus(),
    query: readQuery({}),
    language: "en",
    languageChosen: false,
    timeMs: NOW,
    version: "1.2.3",
    telemetryPath: "/metrics",
    assets: { css: "./-/a.css", script: "./-/a.js", icon: "./-/a.svg" },
    ...changes,
  });
}

/** What one reads: without tags, blanks put together. */
function textOf(markup: string): string {
  return markup
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll("&lt;", "<")
    .replaceAll("&#39;", "'")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function part(markup: string, from: string, to: string): string {
  const start = markup.indexOf(from);
  expect(start).toBeGreaterThan(-1);
  return markup.slice(start, markup.indexOf(to, start));
}

const connections = (markup: string) => part(markup, '<table class="connections">', "</table>");
const row = (markup: string) => textOf(part(connections(markup), "<tbody>", "</tbody>"));

test("a connection's row says who it is and what it does", () => {
  expect(row(page())).toBe(
    "ABC sora 2 alice connected 2 min sendrecv · VP9/OPUS · n1 1,235 <1 1,024 0 0.5 <0.1 2.3 0",
  );
});

test("what is not known is not 0", () => {
  const unknown = { rates: NO_RATES, level: undefined, info: {}, createdMs: undefined };
  expect(row(page({ status: sampleStatus({ connection: unknown }) }))).toBe("ABC sora – – – – – – – – – –");
});

test("a target says how its polls go", () => {
  const text = textOf(page());
  expect(text).toContain("Up tokyo http://127.0.0.1:3000/ · every 10 s Connections 1 Channels 1");
  expect(text).toContain("Last good poll 3 s ago 03:04:02 UTC Poll took 42 ms Answer 13.1 MB");
  expect(text).toContain("Series 374,000 Series dropped 0");
  expect(text).toContain("Level 0 (stable) 0 Level 1 0 Level 2 1 Level 3 (worst) 0");
  expect(text).not.toContain("Target ");
  expect(text).toContain("As seen from Sora: “in” is what it received");
});

test("levels that Sora does not send are said to be missing", () => {
  const { last } = targetStatus();
  const status = sampleStatus({ target: { last: { ...last!, levels: undefined } } });
  expect(textOf(page({ status }))).toContain("Connections by unstable level not sent by this Sora");
});

test("connections without a level are counted apart from those with one", () => {
  const { last } = targetStatus();
  const status = sampleStatus({ target: { last: { ...last!, connections: 5 } } });
  expect(textOf(page({ status }))).toContain("without level: 4");
});

const ERROR = { timeMs: NOW - 1000, seconds: 0.2, reason: "connect", message: "refused" } as const;

describe("a target that", () => {
  test("fails says since when, why, and how old its data are", () => {
    const failing = { sinceMs: NOW - 61_000, polls: 7 };
    const status = sampleStatus({ target: { state: "failing", failing, error: ERROR } });
    const markup = page({ status });
    expect(textOf(markup)).toContain(
      "Failing for 1 min (2026-01-02 03:03:04 UTC), 7 polls failed connect refused (200 ms) The data below are 3 s old.",
    );
    expect(markup).toContain("<title>Failing: 1 · unstable: 1 · Sora status</title>");
  });

  test("has no data any more says that there were some", () => {
    const failing = { sinceMs: NOW - 61_000, polls: 7 };
    const status = sampleStatus({ target: { state: "stale", failing, error: ERROR, last: undefined } });
    expect(textOf(page({ status }))).toContain("Failing, no data tokyo");
    expect(textOf(page({ status }))).toContain("That poll took 42 ms Its answer 13.1 MB");
    const lost = sampleStatus({ target: { state: "stale", last: undefined } });
    expect(textOf(page({ status: lost }))).toContain("No data tokyo");
    expect(textOf(page({ status }))).toContain("The last good data are too old to be shown.");
  });

  test("never answered says that there are none", () => {
    const status = sampleStatus({
      target: {
        state: "failing",
        failing: { sinceMs: NOW, polls: 1 },
        error: ERROR,
        good: undefined,
        last: undefined,
      },
    });
    expect(textOf(page({ status }))).toContain("Failing, no data tokyo");
    expect(textOf(page({ status }))).toContain("There are no data that could be shown.");
    expect(textOf(page({ status }))).toContain("Last good poll never");
  });

  test("was not polled yet is neither up nor failing", () => {
    const status = sampleStatus({ target: { state: "waiting", good: undefined, last: undefined } });
    expect(textOf(page({ status }))).toContain("Not polled yet tokyo");
  });

  test("is up again keeps its last error in view", () => {
    const text = textOf(page({ status: sampleStatus({ target: { error: ERROR } }) }));
    expect(text).toContain("Last error: 1 s ago connect refused (200 ms)");
  });

  test("quotes a message that begins with the reason says it once", () => {
    const error = { ...ERROR, message: "connect ECONNREFUSED 127.0.0.1:3000" };
    const text = textOf(page({ status: sampleStatus({ target: { error } }) }));
    expect(text).toContain("Last error: 1 s ago connect ECONNREFUSED 127.0.0.1:3000 (200 ms)");
  });

  test("quotes a long message cuts it", () => {
    const error = { ...ERROR, message: "x".repeat(100_000) };
    expect(page({ status: sampleStatus({ target: { error } }) }).length).toBeLessThan(20_000);
  });
});

describe("of the cluster's nodes it is said", () => {
  const node = (name: string, connected: boolean) => ({ name, connected });
  const text = (...clusterNodes: ReturnType<typeof node>[]) =>
    textOf(page({ status: sampleStatus({ target: { clusterNodes } }) }));

  test("how many are connected, and which are not", () => {
    expect(text(node("a", true), node("b", true))).toContain("2 of 2 cluster nodes connected Worst");
    expect(text(node("a", true), node("b@x", false), node("c", false))).toContain(
      "1 of 3 cluster nodes connected · not connected: b@x , c Worst",
    );
  });

  test("nothing where they are not known", () => {
    expect(textOf(page())).not.toContain("nodes");
  });
});

test("other calls that fail are named with the reason", () => {
  const failingCalls = [{ operation: "ListConnections", reason: "timeout", message: "no <answer>" }] as const;
  const text = textOf(page({ status: sampleStatus({ target: { failingCalls } }) }));
  expect(text).toContain("ListConnections fails: timeout no <answer&gt;");
});

test("targets that are in trouble come first", () => {
  const targets = [
    targetStatus({ target: "a" }),
    targetStatus({ target: "b", state: "stale", last: undefined }),
    targetStatus({ target: "c", state: "waiting", good: undefined, last: undefined }),
    targetStatus({ target: "d", state: "failing" }),
  ];
  const headings = [...page({ status: { ...sampleStatus(), targets } }).matchAll(/<h3>.*?<bdi>(.)/gs)];
  expect(headings.map(([, name]) => name)).toEqual(["b", "d", "a", "c"]);
});

test("with several targets each row names its own", () => {
  const status = { ...sampleStatus(), targets: [targetStatus(), targetStatus({ target: "osaka" })] };
  expect(row(page({ status }))).toContain("ABC sora · tokyo 2 alice");
});

describe("whatever users of Sora choose", () => {
  const HOSTILE = [
    "<img src=x onerror=alert(1)>",
    `"><script>alert(1)</script>`,
    "' onmouseover='alert(1)",
    "&lt;b&gt; &amp;",
    "</bdi></td></table>",
    "javascript:alert(1)",
    "a&lang=ja#x?y=%00",
  ];
  test.each(HOSTILE)("%j is text", (hostile) => {
    const info = {
      client_id: hostile,
      role: hostile,
      node_name: hostile,
      video_codec: hostile,
      audio_codec: hostile,
    };
    const status = sampleStatus({
      connection: { channelId: hostile, connectionId: hostile, target: hostile, info },
      target: {
        target: hostile,
        url: hostile,
        state: "failing",
        failing: { sinceMs: NOW, polls: 1 },
        error: { ...ERROR, message: hostile },
        clusterNodes: [{ name: hostile, connected: false }],
      },
    });
    const plain = sampleStatus({
      target: {
        state: "failing",
        failing: { sinceMs: NOW, polls: 1 },
        error: ERROR,
        clusterNodes: [{ name: "n", connected: false }],
      },
    });
    const query = readQuery({ q: hostile, channel: hostile, target: hostile });
    const markup = page({ status, query });
    // The tags are those of a page on which nobody is hostile, and so are the names of their attributes.
    const tags = (of: string) =>
      [...of.matchAll(/<\/?[a-z][^>]*>/gi)].map(([tag]) => tag.replaceAll(/"[^"]*"/g, '""'));
    expect(tags(markup)).toEqual(
      tags(page({ status: plain, query: readQuery({ q: "x", channel: "x", target: "x" }) })),
    );
    // And it is all there, when a browser reads it.
    const escaped = (text: string) =>
      text
        .replaceAll("&", "&amp;")
        .replaceAll("<", "&lt;")
        .replaceAll(">", "&gt;")
        .replaceAll('"', "&quot;")
        .replaceAll("'", "&#39;");
    expect(connections(markup)).toContain(`<bdi>${escaped(hostile)}</bdi>`);
    expect(markup).toContain(`value="${escaped(hostile)}"`);
    const [, href] = /<th scope="row">.*?<a href="([^"]*)"/s.exec(connections(markup))!;
    const read = href!.replaceAll("&amp;", "&").replaceAll("&#39;", "'");
    const url = new URL(read, "http://exporter/");
    expect(url.origin).toBe("http://exporter");
    expect([...url.searchParams]).toEqual([["channel", hostile]]);
  });

  test("stays in its place whatever its direction, and is cut where it is long", () => {
    const status = sampleStatus({ connection: { channelId: `\u202e${"朝".repeat(5000)}` } });
    const markup = connections(page({ status }));
    expect(markup).toContain(`<bdi>\u202e${"朝".repeat(255)}…</bdi>`);
    // Of it or of the link to it.
    expect(markup.length).toBeLessThan(10_000);
  });
});

describe("links and the form keep", () => {
  test("the filter, the numbers of rows and a chosen language", () => {
    const query = readQuery({ q: "a b&c", channels: "40", connections: "60" });
    const status = sampleStatus({
      connections: { all: 900, matching: 700, shown: Array.from({ length: 60 }, () => connectionStatus()) },
    });
    const markup = page({ status, query, language: "ja", languageChosen: true });
    expect(markup).toContain('href="./api/status?q=a+b%26c&amp;channels=40&amp;connections=60"');
    expect(markup).toContain('href="./?q=a+b%26c&amp;channels=40&amp;connections=60&amp;lang=en"');
    expect(markup).toContain('href="./?q=a+b%26c&amp;channels=40&amp;connections=240&amp;lang=ja"');
    for (const [name, value] of [
      ["lang", "ja"],
      ["channels", "40"],
      ["connections", "60"],
    ] as const)
      // prettier-ignore
      expect(markup).toMatch(new RegExp(`<input type="hidden" name="${name}" value="${value}"`));
    expect(textOf(markup)).toContain("該当 700 件中 60 件 (全 900 件)");
  });

  test("the exact filters, which can be taken away one by one or with all others", () => {
    const query = readQuery({ q: "alice", channel: "a&b", target: "tokyo" });
    const markup = page({ query, language: "ja", languageChosen: true });
    expect(markup).toContain('href="./api/status?q=alice&amp;channel=a%26b&amp;target=tokyo"');
    expect(markup).toContain('href="./?q=alice&amp;channel=a%26b&amp;target=tokyo&amp;lang=en"');
    expect(markup).toContain('<input type="hidden" name="channel" value="a&amp;b" />');
    expect(markup).toContain('<input type="hidden" name="target" value="tokyo" />');
    const chips = part(markup, '<ul class="chips">', "</ul>");
    expect(textOf(chips)).toBe("対象 tokyo × チャネル a&amp;b ×");
    expect(chips).toContain('href="./?q=alice&amp;channel=a%26b&amp;lang=ja"');
    expect(chips).toContain('href="./?q=alice&amp;target=tokyo&amp;lang=ja"');
    expect(markup).toContain('class="reset" href="./?lang=ja"');
    expect(page()).not.toContain("chips");
  });

  test("a channel's link shows that channel alone, of its target where there are several", () => {
    const query = readQuery({ q: "alice" });
    expect(connections(page({ query }))).toContain('href="./?channel=sora"');
    const status = { ...sampleStatus(), targets: [targetStatus(), targetStatus({ target: "osaka" })] };
    expect(connections(page({ query, status }))).toContain('href="./?channel=sora&amp;target=tokyo"');
  });

  test("no language that was not asked for", () => {
    const markup = page({ language: "ja" });
    expect(markup).toContain('href="./?lang=en"');
    expect(markup).not.toContain("lang=ja");
    expect(markup).toContain('<html lang="ja"');
  });

  test("no more rows than there may be", () => {
    const shown = Array.from({ length: 500 }, () => connectionStatus());
    const markup = page({ status: sampleStatus({ connections: { all: 900, matching: 900, shown } }) });
    expect(markup).not.toContain("more-connections");
  });
});

test("a filter that nothing fits says so; so does a Sora without connections", () => {
  const nothing = { all: 5, matching: 0, shown: [] };
  const status = sampleStatus({ channels: nothing, connections: nothing });
  expect(textOf(page({ status, query: readQuery({ q: "x" }) }))).toContain("Nothing fits the filter.");
  const none = { all: 0, matching: 0, shown: [] };
  expect(textOf(page({ status: sampleStatus({ channels: none, connections: none }) }))).toContain("None.");
});

describe("what is not known is not none", () => {
  const NOTHING = { all: undefined, matching: undefined, shown: [] };
  const gone = (target: string) => targetStatus({ target, state: "stale", last: undefined });

  test("where no target has data", () => {
    const status = { ...sampleStatus(), targets: [gone("tokyo")], channels: NOTHING, connections: NOTHING };
    const text = textOf(page({ status }));
    expect(text).toContain("Worst channels Unknown: there are no data.");
    expect(text).toContain("Worst connections Unknown: there are no data.");
    expect(text).toContain("Rates are unknown");
    expect(text).not.toMatch(/None\.|0 of 0|with the next poll/);
  });

  test("where some targets have data", () => {
    const targets = [gone("osaka"), targetStatus(), gone("nara")];
    const text = textOf(page({ status: { ...sampleStatus(), targets } }));
    expect(text).toContain("Worst channels 1 of 1 Unknown (no data): osaka , nara Channel");
    expect(text).toContain("Rates are per second");
  });
});

test("while the engine is being started anew the page says so", () => {
  expect(textOf(page({ status: undefined }))).toContain("The exporter's engine is being started anew.");
});

test("nothing comes from elsewhere, and nothing is inline", () => {
  const markup = page();
  for (const [, url] of markup.matchAll(/(?:src|href|action)="([^"]*)"/g)) expect(url).toMatch(/^\.\//);
  expect(markup).not.toMatch(/<style|\sstyle=|\son[a-z]+=/);
  expect([...markup.matchAll(/<script[^>]*>/g)].map(([tag]) => tag)).toEqual([
    '<script src="./-/a.js" defer>',
  ]);
});

test("each cell of a table has its header, and each table its name", () => {
  const markup = page();
  for (const id of ["channels", "connections"]) {
    const table = part(markup, `<table class="${id}">`, "</table>");
    for (const [tag] of table.matchAll(/<th\b[^>]*>/g)) expect(tag).toMatch(/ scope="(col|colgroup|row)"/);
    const columns = [...part(table, "<thead>", "</thead>").matchAll(/<th\b[^>]*>/g)].filter(
      ([tag]) => !tag.includes("colgroup"),
    );
    const cells = [...part(table, "<tbody>", "</tbody>").matchAll(/<t[hd]\b/g)];
    expect(cells).toHaveLength(columns.length);
    expect(markup).toContain(`aria-labelledby="${id}"`);
    expect(markup).toContain(`<h2 id="${id}">`);
  }
});

describe("the texts", () => {
  const keys = (texts: object): string[] =>
    Object.entries(texts)
      .flatMap(([key, value]) =>
        typeof value === "object" ? keys(value as object).map((one) => `${key}.${one}`) : key,
      )
      .sort();

  test("are there in every language", () => {
    for (const language of LANGUAGES) expect(keys(TEXTS[language])).toEqual(keys(TEXTS.en));
  });

  test("are Japanese in Japanese, but for what is the same everywhere", () => {
    const same = ["json", "kilobits", "language", "pli", "nack"];
    const isJapanese = (value: unknown) =>
      /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(String(value));
    for (const [key, value] of Object.entries(TEXTS.ja)) {
      if (same.includes(key) || typeof value === "function" || typeof value === "object") continue;
      expect([key, isJapanese(value)]).toEqual([key, true]);
    }
  });

  test("are all used", () => {
    const used = new Set<string>();
    const spy = <T extends Texts>(texts: T): T =>
      new Proxy(texts, {
        get(of, key) {
          used.add(String(key));
          return Reflect.get(of, key) as unknown;
        },
      });
    const original = TEXTS.en;
    (TEXTS as Record<string, Texts>)["en"] = spy(original);
    try {
      const failing = { state: "failing", failing: { sinceMs: NOW, polls: 2 }, error: ERROR } as const;
      const { last } = targetStatus();
      const clusterNodes = [{ name: "a", connected: false }];
      const failingCalls = [{ operation: "GetLicense", reason: "timeout", message: "x" }] as const;
      page({ status: sampleStatus({ target: { clusterNodes, failingCalls } }) });
      const several = [
        targetStatus(failing),
        targetStatus({ ...failing, state: "stale", last: undefined }),
        targetStatus({ ...failing, last: undefined, good: undefined }),
        targetStatus({ error: ERROR, last: { ...last!, levels: undefined, rateSeconds: undefined } }),
        targetStatus({ last: { ...last!, connections: 9 } }),
      ];
      const none = { all: 0, matching: 0, shown: [] };
      page({ status: { ...sampleStatus(), targets: several }, query: readQuery({ q: "x", channel: "x" }) });
      page({ status: sampleStatus({ channels: none, connections: { ...none, all: 1 } }) });
      page({
        status: sampleStatus({
          target: { last: undefined },
          connections: { all: 3, matching: 2, shown: [connectionStatus()] },
        }),
      });
      page({ status: undefined });
      page({ status: sampleStatus({ target: { last: { ...last!, rateSeconds: undefined } } }) });
      const unknown = { all: undefined, matching: undefined, shown: [] };
      const gone = [targetStatus({ state: "stale", last: undefined })];
      page({ status: { ...sampleStatus(), targets: gone, channels: unknown, connections: unknown } });
    } finally {
      (TEXTS as Record<string, Texts>)["en"] = original;
    }
    expect(Object.keys(original).filter((key) => !used.has(key))).toEqual([]);
  });
});
