/** A dashboard around its rows of panels: variables, links, annotations, grid. */

import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import { DATASOURCE } from "./panels.ts";
import { ofJob, ofProcesses, ofTarget, TARGET } from "./promql.ts";

/** What the dashboards find each other by. */
const TAG = "sora-stats-exporter";
const COLUMNS = 24;

/** The dashboards, by what their uids end in. */
export type BoardName = "overview" | "channel" | "connection" | "transport" | "exporter";

/** A heading and the panels below it, side by side as long as they fit. */
export interface Row {
  readonly title: string;
  readonly panels: readonly dashboard.Panel[];
}

export interface BoardSpec {
  readonly name: BoardName;
  readonly title: string;
  readonly description: string;
  /**
   * What the choice of a channel does: it chooses among all panels, among some, or nothing but going along with the links (then it
   * is not shown).
   */
  readonly channels: "all" | "some" | "none";
  /** Whether one connection is chosen. */
  readonly connection?: boolean;
  readonly rows: readonly Row[];
}

// The newer form, for which the SDK deprecates the classic one, is none that Grafana 11 reads.
/* eslint-disable @typescript-eslint/no-deprecated */
/** A dashboard in the classic form of Grafana, which 11 and newer import. */
export type Board = dashboard.Dashboard;
const Builder = dashboard.DashboardBuilder;
/* eslint-enable @typescript-eslint/no-deprecated */

/** Puts a dashboard together. */
export function board(spec: BoardSpec): Board {
  const built = new Builder(spec.title)
    .uid(`sora-${spec.name}`)
    .description(spec.description)
    .tags(["sora", TAG])
    .timezone("browser")
    .refresh("30s")
    .time({ from: "now-1h", to: "now" })
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .variables(variables(spec))
    .annotations(annotations())
    .links([
      new dashboard.DashboardLinkBuilder("Sora")
        .type(dashboard.DashboardLinkType.Dashboards)
        .tags([TAG])
        .tooltip("The same targets, channels and time")
        .includeVars(true)
        .keepTime(true),
    ])
    .build();
  // The SDK hides links and annotations in a menu, which Grafana 11 does not have.
  for (const item of [...(built.links ?? []), ...(built.annotations.list ?? [])]) delete item.placement;
  return { ...built, panels: place(spec.rows) };
}

/**
 * A data link to another dashboard that keeps datasource and time. What the row is about comes from the row.
 *
 * @param labels of the row that are chosen there
 */
export function linkTo(name: BoardName, title: string, labels: readonly string[]) {
  const chosen = labels.map((label) => `var-${label}=\${__data.fields.${label}:percentencode}`);
  return {
    title,
    url: `/d/sora-${name}?\${datasource:queryparam}&${chosen.join("&")}&\${__url_time_range}`,
  };
}

/** To the dashboard of a channel, from a row that is about one. */
const CHANNEL_LINK = linkTo("channel", "Show the channel", ["job", "target", "channel_id"]);

/** Column of a table that shows a channel's name, with a link to its dashboard. */
export const CHANNEL_KEY = { label: "channel_id", name: "Channel", link: CHANNEL_LINK } as const;

/** Columns of a table whose rows are channels. */
export const CHANNEL_KEYS = [
  CHANNEL_KEY,
  { label: "target", name: "Target" },
  { label: "job", name: "Job" },
] as const;

function place(rows: readonly Row[]): (dashboard.Panel | dashboard.RowPanel)[] {
  const placed: (dashboard.Panel | dashboard.RowPanel)[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    const heading = new dashboard.RowBuilder(title).gridPos({ x: 0, y, w: COLUMNS, h: 1 });
    placed.push({ ...heading.build(), id: placed.length + 1 });
    y++;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      const { w, h } = panel.gridPos!;
      if (x + w > COLUMNS) {
        x = 0;
        y += height;
        height = 0;
      }
      placed.push({ ...panel, id: placed.length + 1, gridPos: { x, y, w, h } });
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return placed;
}

type VariableBuilder = dashboard.QueryVariableBuilder | dashboard.DatasourceVariableBuilder;

function variables({ channels, connection = false }: BoardSpec): VariableBuilder[] {
  const list: VariableBuilder[] = [
    new dashboard.DatasourceVariableBuilder("datasource").label("Data source").type("prometheus"),
    labelValues("job", "Job", "sora_up").multi(true).includeAll(true),
    labelValues("target", "Target", "sora_up{job=~`${job:regex}`}").multi(true).includeAll(true),
    labelValues("channel_id", "Channel", `sora_channel_connections{${TARGET}}`)
      .multi(true)
      .includeAll(true)
      // There are too many channels to name each in a query, and names may hold line feeds.
      .allValue("(?s:.+)")
      .description(CHANNEL_CHOICE[channels])
      .hide(channels === "none" ? dashboard.VariableHide.HideVariable : dashboard.VariableHide.DontHide),
  ];
  if (connection) {
    list.push(
      labelValues(
        "connection_id",
        "Connection",
        `sora_connection_info{${TARGET}, channel_id=~\`\${channel_id:regex}\`}`,
      ),
    );
  }
  return list;
}

const CHANNEL_CHOICE = {
  all: "Chooses what every panel shows",
  some: "Chooses what the panels by channel show; the others show the whole target",
  none: "Goes along to the other dashboards",
} as const;

function labelValues(label: string, shown: string, selector: string): dashboard.QueryVariableBuilder {
  const query = `label_values(${selector}, ${label})`;
  return new dashboard.QueryVariableBuilder(label)
    .label(shown)
    .datasource(DATASOURCE)
    .query({ query, refId: label })
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.NaturalAsc);
}

/** Only ones are left of their values: versions of Grafana differ in whether a zero is an event. */
function annotations(): dashboard.AnnotationQueryBuilder[] {
  return [
    annotation(
      "Sora does not answer",
      "red",
      `max by (job, target) (${ofTarget("sora_up")} == bool 0) == 1`,
      "{{target}}",
    ),
    annotation(
      "Exporter was started",
      "blue",
      // Of the scrapes of a minute, as of the step, a shorter window holds one.
      ofProcesses(`changes(${ofJob("process_start_time_seconds")}[3m]) > bool 0 == 1`),
      "{{instance}}",
    ),
  ];
}

function annotation(
  name: string,
  color: string,
  expr: string,
  text: string,
): dashboard.AnnotationQueryBuilder {
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .iconColor(color)
    .titleFormat(name)
    .textFormat(text)
    .target(
      new prometheus.DataqueryBuilder()
        .refId("Anno")
        .datasource(DATASOURCE)
        .expr(expr)
        .range()
        .interval("60s"),
    );
}
