/** The dashboards as they are committed, and the checks of them, each of which has to be able to fail. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DASHBOARDS } from "../../dashboards/src/dashboards.ts";
import { REPORT_RULES } from "../../src/calls/report-rules.ts";
import { CONNECTION_PREFIX } from "../../src/catalog/resolve.ts";
import { metricTypes } from "../support/metric-names.ts";
import { selectorsIn } from "../support/promql.ts";
import { cellLinks, complaints, type Dashboard, linkComplaints, queriesOf } from "./checks.ts";

const TYPES = metricTypes();
const NAMES = ["overview", "channel", "connection", "transport", "exporter"] as const;
type Name = (typeof NAMES)[number];

function read(name: Name): Dashboard {
  const url = new URL(`../../dashboards/${name}.json`, import.meta.url);
  return JSON.parse(readFileSync(url, "utf8")) as Dashboard;
}

const BY_UID: ReadonlyMap<string, Dashboard> = new Map(
  NAMES.map((name) => {
    const dashboard = read(name);
    return [dashboard.uid, dashboard];
  }),
);

test("there are five, with the uids that links and bookmarks have", () => {
  expect([...DASHBOARDS.keys()]).toEqual(NAMES.map((name) => `${name}.json`));
  expect(NAMES.map((name) => read(name).uid)).toEqual(NAMES.map((name) => `sora-${name}`));
});

describe.each(NAMES)("%s", (name) => {
  const dashboard = read(name);

  test("nothing is wrong with it", () => expect(complaints(dashboard, TYPES)).toEqual([]));

  test("links in cells lead to dashboards that know what they carry, whatever names hold", () => {
    const wrong = cellLinks(dashboard).flatMap(({ where, url }) =>
      linkComplaints(url, BY_UID).map((complaint) => `${where}: ${complaint}`),
    );
    expect(wrong).toEqual([]);
  });

  test("legends name labels that their query gives", () => {
    for (const { title, targets = [] } of dashboard.panels) {
      for (const { expr, legendFormat = "" } of targets) {
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
          expect([title, expr]).toEqual([title, expect.stringMatching(legendLabel(label!)) as string]);
      }
    }
  });
});

/** `instance` is on every series of the exporter as such; other labels have to be asked for. */
function legendLabel(label: string): RegExp {
  return label === "instance" ? /job=~/ : new RegExp(`(by|group_left) \\([^)]*\\b${label}\\b`);
}

test("worst channels and connections can be clicked", () => {
  const links = NAMES.map((name) => [name, cellLinks(read(name)).map(({ url }) => url.split("?")[0])]);
  expect(Object.fromEntries(links)).toEqual({
    overview: ["/d/sora-channel"],
    channel: ["/d/sora-connection"],
    connection: ["/d/sora-channel"],
    transport: ["/d/sora-channel"],
    exporter: [],
  });
});

/** Names of single connections' series in queries. */
function connectionMetrics(dashboard: Dashboard): string[] {
  const totals = new Set(REPORT_RULES.map(({ name }) => name));
  return queriesOf(dashboard)
    .flatMap(({ expr }) => selectorsIn(expr))
    .map(({ metric }) => metric)
    .filter((metric) => metric.startsWith(CONNECTION_PREFIX) && !totals.has(metric));
}

test.each(["overview", "transport", "exporter"] as const)(
  "%s needs no series of single connections",
  (name) => {
    expect(connectionMetrics(read(name))).toEqual([]);
    expect(connectionMetrics(read("connection"))).not.toEqual([]);
  },
);

test("the worst are those whose clients ask for key frames, as PliStorm counts them", () => {
  for (const [name, title, level] of [
    ["overview", "Worst channels", "channel"],
    ["channel", "Worst connections", "connection"],
  ] as const) {
    const { targets = [] } = read(name).panels.find(
      (panel) => panel.type === "table" && panel.title === title,
    )!;
    expect(targets.length).toBeGreaterThan(5);
    const asks = new RegExp(
      `topk\\(\\d+, sum by \\([^)]+\\) \\(rate\\(sora_${level}_rtcp_received_messages_total\\{[^"]+, type="psfb_pli"\\}\\[`,
    );
    for (const { expr } of targets) {
      expect([title, expr]).toEqual([title, expect.stringMatching(asks)]);
      expect([title, expr]).toEqual([title, expect.not.stringContaining("pli_triggers")]);
    }
  }
});

test("all channels are all of them, whatever their names hold", () => {
  for (const name of NAMES) {
    const { allValue } = read(name).templating.list.find((one) => one.name === "channel_id")!;
    for (const channel of ["sora", "line one\nline two", '$`"\\'])
      expect(channel).toMatch(new RegExp(`^(?:${allValue})$`));
  }
});

test("what is absent is nowhere made a 0, such as unstable levels that Sora does not tell", () => {
  for (const name of NAMES) {
    for (const { where, expr } of queriesOf(read(name)))
      expect([where, expr]).toEqual([where, expect.not.stringMatching(/\b(vector|absent\w*) ?\(/)]);
  }
});

test("Connection shows every metric of a connection's statistics", () => {
  const shown = new Set(connectionMetrics(read("connection")));
  const all = [...TYPES.keys()].filter(
    (metric) => metric.startsWith(CONNECTION_PREFIX) && !REPORT_RULES.some(({ name }) => name === metric),
  );
  // Only older versions of Sora send it, beside its sum.
  const left = "sora_connection_simulcast_rtp_decrypt_skipped_media_packets_total";
  expect(all.filter((metric) => !shown.has(metric))).toEqual([left]);
});

describe("each check can fail", () => {
  const first = (dashboard: Dashboard) => dashboard.panels.find(({ type }) => type === "timeseries")!;
  const query = (expr: string) => (dashboard: Dashboard) => {
    first(dashboard).targets![0]!.expr = expr;
  };
  const SCOPE = "job=~`${job:regex}`, target=~`${target:regex}`";
  test.each<[string, (dashboard: Dashboard) => void]>([
    ["head", (d) => (d.timezone = "utc")],
    ["head", (d) => (d.graphTooltip = 0)],
    ["links that lose variables or time", (d) => (d.links[0]!.keepTime = false)],
    ["the variable datasource is not there", (d) => d.templating.list.shift()],
    [
      "no variable channel_id",
      (d) => (d.templating.list = d.templating.list.filter(({ name }) => name !== "channel_id")),
    ],
    [
      "datasource at /panels",
      (d) => Object.assign(first(d), { datasource: { type: "prometheus", uid: "P1" } }),
    ],
    [
      "datasource at /annotations",
      (d) => Object.assign(d.annotations.list[0]!, { datasource: "Prometheus" }),
    ],
    ["datasource at /templating", (d) => Object.assign(d.templating.list[1]!, { datasource: null })],
    ["no datasource", (d) => delete (first(d) as { datasource?: unknown }).datasource],
    ["no datasource of query", (d) => delete (first(d).targets![0] as { datasource?: unknown }).datasource],
    ["id 2 twice", (d) => (d.panels[3]!.id = 2)],
    ["title", (d) => (d.panels[1]!.title = d.panels[2]!.title)],
    ["outside the grid", (d) => (first(d).gridPos.w = 25)],
    ["overlaps", (d) => (d.panels[1]!.gridPos.h = 5)],
    ["no description", (d) => (first(d).description = "")],
    ["no unit", (d) => delete first(d).fieldConfig!.defaults.unit],
    ["no query", (d) => (first(d).targets = [])],
    ["no legend", (d) => delete first(d).targets![0]!.legendFormat],
    ["refId A twice", (d) => first(d).targets!.push(first(d).targets![0]!)],
    ["no metric sora_nothing", query(`sora_nothing{${SCOPE}}`)],
    ["outside rate", query(`sora_target_received_bytes_total{${SCOPE}}`)],
    ["inside rate", query(`rate(sora_target_channels{${SCOPE}}[$__rate_interval])`)],
    ["range 5m", query(`rate(sora_target_received_bytes_total{${SCOPE}}[5m])`)],
    ["of all targets", query("sora_target_channels{job=~`${job:regex}`}")],
    ["of all targets", query("up")],
    ["up of other programs", query("up{job=~`${job:regex}`}")],
    [
      "range 1h",
      query("up and on (job, instance) present_over_time(sora_exporter_series{job=~`${job:regex}`}[1h])"),
    ],
    ["is not ours", query("node_load1{job=~`${job:regex}`}")],
  ])("%s", (expected, break_) => {
    const dashboard = read("overview");
    break_(dashboard);
    expect(complaints(dashboard, TYPES).join("\n")).toContain(expected);
  });

  test.each([
    ["/d/sora-nowhere?x", "no dashboard /d/sora-nowhere"],
    ["/d/sora-channel?var-channel_id=${__data.fields.channel_id}", "${datasource:queryparam}"],
    [
      "/d/sora-channel?var-channel_id=${__data.fields.channel_id}",
      "var-channel_id=${__data.fields.channel_id}",
    ],
    ["/d/sora-channel?var-connection_id=${__data.fields.connection_id:percentencode}", "var-connection_id"],
    ["/d/sora-channel?${datasource:queryparam}", "${__url_time_range}"],
    ["/d/sora-channel?${datasource:queryparam}&${__url_time_range}", "job"],
  ])("link %s", (url, expected) => expect(linkComplaints(url, BY_UID).join("\n")).toContain(expected));
});
