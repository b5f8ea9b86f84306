/** What has to be so in every dashboard. Each check tells what is wrong, where. */

import { THRESHOLDS } from "../../dashboards/src/thresholds.ts";
import { misused, selectorsIn } from "../support/promql.ts";
import type { SeriesType } from "../support/metric-names.ts";

/** The parts of Grafana's classic JSON that are looked at. */
export interface Dashboard {
  uid: string;
  title: string;
  tags: string[];
  timezone: string;
  refresh: string;
  graphTooltip: number;
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: { list: { target: Target }[] };
  links: { includeVars: boolean; keepTime: boolean }[];
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Target[];
  fieldConfig?: { defaults: { unit?: string }; overrides: Override[] };
}

interface Override {
  matcher: { options: string };
  properties: { id: string; value: unknown }[];
}

interface Target {
  refId: string;
  expr: string;
  legendFormat?: string;
}

interface Variable {
  name: string;
  type: string;
  query: string | { query: string };
  allValue?: string;
}

const DATASOURCE = JSON.stringify({ type: "prometheus", uid: "${datasource}" });
const VARIABLES = ["datasource", "job", "target", "channel_id"];
/** Beside `sora_*`: of Prometheus, of the process and of Node.js. */
const OTHER_METRICS = /^(up|scrape_duration_seconds|(process|nodejs)_\w+)$/;

/** What says which programs are our exporters, whatever the targets, and what is theirs alone. */
const OF_EXPORTERS = new Set([
  "sora_exporter_series",
  "sora_exporter_build_info",
  "sora_exporter_engine_restarts_total",
]);
/** A job may be shared with other programs. */
const ONLY_EXPORTERS =
  /and on \(job, instance\) (present_over_time\(sora_exporter_series|sora_exporter_build_info)\{job=~/;

/** Everything that is wrong with a dashboard by itself. */
export function complaints(dashboard: Dashboard, types: ReadonlyMap<string, SeriesType>): string[] {
  const panels = dashboard.panels.filter(({ type }) => type !== "row");
  return [
    ...looks(dashboard),
    ...variables(dashboard),
    ...datasources(dashboard, ""),
    ...twice(
      "id",
      dashboard.panels.map(({ id }) => String(id)),
    ),
    ...twice(
      "title",
      panels.map(({ title }) => title),
    ),
    ...grid(dashboard.panels),
    ...panels.flatMap((panel) => panelComplaints(panel).map((complaint) => `${panel.title}: ${complaint}`)),
    ...queriesOf(dashboard).flatMap(({ where, expr }) =>
      queryComplaints(expr, types).map((complaint) => `${where}: ${complaint}`),
    ),
  ];
}

/** Every query of a dashboard but those of its variables, with the title of its panel. */
export function queriesOf({ panels, annotations }: Dashboard): { where: string; expr: string }[] {
  return [
    ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ where: title, expr }))),
    ...annotations.list.map(({ target }) => ({ where: "annotation", expr: target.expr })),
  ];
}

/** The links in the cells of tables, with the labels that they take from their row. */
export function cellLinks({ panels }: Dashboard): { where: string; url: string }[] {
  return panels.flatMap(({ title, fieldConfig }) =>
    (fieldConfig?.overrides ?? []).flatMap(({ properties }) =>
      properties
        .filter(({ id }) => id === "links")
        .flatMap(({ value }) => (value as { url: string }[]).map(({ url }) => ({ where: title, url }))),
    ),
  );
}

/**
 * What is wrong with a link in a cell.
 *
 * @param dashboards all there are, by uid
 */
export function linkComplaints(url: string, dashboards: ReadonlyMap<string, Dashboard>): string[] {
  const [path, query = ""] = url.split("?");
  const target = dashboards.get(path!.replace(/^\/d\//, ""));
  if (target === undefined) return [`no dashboard ${path}`];
  const parts = query.split("&");
  const known = new Set(target.templating.list.map(({ name }) => name));
  const missing = ["${datasource:queryparam}", "${__url_time_range}"].filter((part) => !parts.includes(part));
  const wrong = parts.filter((part) => {
    const name = /^var-(\w+)=\$\{__data\.fields\.\1:percentencode\}$/.exec(part)?.[1];
    return name === undefined
      ? !/^\$\{(datasource:queryparam|__url_time_range)\}$/.test(part)
      : !known.has(name);
  });
  const unset = ["job", "target", "channel_id"].filter((name) => !query.includes(`var-${name}=`));
  return [...missing, ...wrong, ...unset].map((part) => `link: ${part}`);
}

function looks({ uid, title, tags, timezone, refresh, graphTooltip, links }: Dashboard): string[] {
  const whole =
    /^sora-[a-z]+$/.test(uid) &&
    title !== "" &&
    tags.includes("sora-stats-exporter") &&
    timezone === "browser" &&
    refresh !== "" &&
    graphTooltip === 1;
  const linked = links.length > 0 && links.every(({ includeVars, keepTime }) => includeVars && keepTime);
  return [...(whole ? [] : ["head"]), ...(linked ? [] : ["links that lose variables or time"])];
}

function variables({ templating: { list } }: Dashboard): string[] {
  const [first] = list;
  if (first?.name !== "datasource" || first.type !== "datasource" || first.query !== "prometheus")
    return ["the variable datasource is not there, or not first"];
  return VARIABLES.filter((name) => !list.some((one) => one.name === name)).map(
    (name) => `no variable ${name}`,
  );
}

/** Every key `datasource`, wherever it stands. */
function datasources(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const where = `${path}/${key}`;
    if (key === "datasource") return JSON.stringify(inner) === DATASOURCE ? [] : [`datasource at ${where}`];
    return datasources(inner, where);
  });
}

function twice(what: string, values: readonly string[]): string[] {
  return values.filter((value, i) => values.indexOf(value) !== i).map((value) => `${what} ${value} twice`);
}

function grid(panels: readonly Panel[]): string[] {
  return panels.flatMap(({ title, gridPos: a }, i) => {
    const outside = a.x < 0 || a.y < 0 || a.w < 1 || a.h < 1 || a.x + a.w > 24;
    const overlapping = panels
      .slice(i + 1)
      .filter(({ gridPos: b }) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h);
    return [
      ...(outside ? [`${title} is outside the grid`] : []),
      ...overlapping.map((other) => `${title} overlaps ${other.title}`),
    ];
  });
}

function panelComplaints(panel: Panel & { datasource?: unknown }): string[] {
  const { title, description = "", targets = [], fieldConfig, type } = panel;
  return [
    ...(title === "" ? ["no title"] : []),
    ...(description.length < 20 ? ["no description"] : []),
    ...(fieldConfig?.defaults.unit === undefined ? ["no unit"] : []),
    ...(panel.datasource === undefined ? ["no datasource"] : []),
    ...(targets.length === 0 ? ["no query"] : []),
    ...twice(
      "refId",
      targets.map(({ refId }) => refId),
    ),
    ...targets.flatMap((target) =>
      "datasource" in target ? [] : [`no datasource of query ${target.refId}`],
    ),
    ...(type === "timeseries" && targets.some(({ legendFormat = "" }) => legendFormat === "")
      ? ["no legend"]
      : []),
  ];
}

function queryComplaints(expr: string, types: ReadonlyMap<string, SeriesType>): string[] {
  return [
    ...misused(expr, types),
    ...selectorsIn(expr).flatMap(({ metric, matchers, range }) => {
      const scoped = matchers.startsWith("job=~`${job:regex}`");
      const narrow =
        !metric.startsWith("sora_") ||
        OF_EXPORTERS.has(metric) ||
        matchers.includes("target=~`${target:regex}`");
      return [
        ...(metric.startsWith("sora_") || OTHER_METRICS.test(metric) ? [] : [`${metric} is not ours`]),
        ...(OTHER_METRICS.test(metric) && !ONLY_EXPORTERS.test(expr) ? [`${metric} of other programs`] : []),
        ...(scoped && narrow ? [] : [`${metric} of all targets`]),
        ...(range === undefined ||
        /^\$__(rate_interval|range)$/.test(range) ||
        (metric === "sora_exporter_series" && range === THRESHOLDS.exporterDown.memory) ||
        metric === "process_start_time_seconds"
          ? []
          : [`range ${range}`]),
      ];
    }),
  ];
}
