/** Panels as the dashboards have them: what is the same everywhere is said here. */

import * as common from "@grafana/grafana-foundation-sdk/common";
import * as dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import * as prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import * as stats from "@grafana/grafana-foundation-sdk/stat";
import * as tables from "@grafana/grafana-foundation-sdk/table";
import * as lines from "@grafana/grafana-foundation-sdk/timeseries";

/** The datasource that the variable chooses; no other is named anywhere. */
export const DATASOURCE = { type: "prometheus", uid: "${datasource}" } as const;

/** Colours from values on, ascending; the first has none below it. */
export type Steps = readonly (readonly [from: number | null, color: string])[];

/** What every panel has. Width in columns of 24, height in rows of the grid. */
interface Spec {
  readonly title: string;
  /** What it shows, what bad looks like, where to look next. */
  readonly description: string;
  /** Id of Grafana's. */
  readonly unit: string;
  readonly width?: number;
  readonly height?: number;
  readonly max?: number;
  readonly decimals?: number;
  readonly steps?: Steps;
}

/** A query and how its series are called. */
export type Query = readonly [expr: string, legend: string];

/** Colours and words for numbers, such as `{ 1: ["up", "green"] }`. */
export type Words = Readonly<Record<string, readonly [text: string, color: string]>>;

export interface LinesSpec extends Spec {
  readonly queries: readonly Query[];
  readonly stacked?: boolean;
  /** Colours of series, by legend. */
  readonly colors?: Readonly<Record<string, string>>;
  /** For many series: a legend with their numbers, the highest first. */
  readonly many?: boolean;
}

/** Lines over time. With `steps`, the colours' bounds are drawn. */
export function timeseries(spec: LinesSpec): dashboard.Panel {
  const { queries, stacked = false, colors = {}, many = false, steps } = spec;
  const panel = begin(new lines.PanelBuilder(), spec, { width: 8, height: 8 })
    .targets(queries.map(([expr, legend], i) => query(i, expr).range().legendFormat(legend)))
    .min(0)
    .lineWidth(1)
    .fillOpacity(stacked ? 40 : 10)
    .showPoints(common.VisibilityMode.Auto)
    .axisLabel("")
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(many ? common.LegendDisplayMode.Table : common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs(many ? ["mean", "max"] : [])
        .sortBy("Max")
        .sortDesc(true),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
  if (stacked) panel.stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  if (steps !== undefined) {
    panel.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
  }
  for (const [name, color] of Object.entries(colors)) {
    panel.overrideByName(name, [{ id: "color", value: { mode: "fixed", fixedColor: color } }]);
  }
  return panel.build();
}

export interface StatSpec extends Spec {
  readonly queries: readonly Query[];
  readonly words?: Words;
  /** Shows the series' name, for one that is a fact by itself, such as a version. */
  readonly named?: boolean;
}

/** The number of each series now; where there is none now, none is shown, whatever there was before. */
export function stat(spec: StatSpec): dashboard.Panel {
  const { queries, words, named = false } = spec;
  const panel = begin(new stats.PanelBuilder(), spec, { width: 3, height: 4 })
    .targets(queries.map(([expr, legend], i) => query(i, expr).instant().legendFormat(legend)))
    .min(0)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(["lastNotNull"]).values(false).fields(""))
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(common.BigValueColorMode.Value)
    .textMode(named ? common.BigValueTextMode.Name : common.BigValueTextMode.Auto);
  if (words !== undefined) panel.mappings([mapping(words)]);
  return panel.build();
}

/** A column of a table that tells whose row it is: a label of the queries. */
export interface KeyColumn {
  readonly label: string;
  readonly name: string;
  readonly link?: { readonly title: string; readonly url: string };
}

/** A column of a table with numbers, one query each. */
export interface NumberColumn {
  readonly name: string;
  readonly expr: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly steps?: Steps;
  readonly words?: Words;
  /** Only its labels are wanted. */
  readonly hidden?: boolean;
}

export interface TableSpec extends Spec {
  readonly keys: readonly KeyColumn[];
  readonly columns: readonly NumberColumn[];
  /** Names of columns, descending; the next counts where the one before is the same or absent. */
  readonly sortBy: readonly string[];
}

/** What is so now, a row for each set of labels; a cell without data stays empty. */
export function table(spec: TableSpec): dashboard.Panel {
  const { keys, columns, sortBy } = spec;
  // Grafana names the value of a panel's only query otherwise.
  const field = (i: number) => (columns.length === 1 ? "Value" : `Value #${refId(i)}`);
  const hidden = columns.flatMap((column, i) => (column.hidden === true ? [field(i)] : []));
  const order = [...keys.map(({ label }) => label), ...columns.map((_, i) => field(i))];
  const panel = begin(new tables.PanelBuilder(), spec, { width: 24, height: 10 })
    .targets(columns.map(({ expr }, i) => query(i, expr).instant().format(prometheus.PromQueryFormat.Table)))
    .withTransformation({ id: "merge", options: {} })
    .withTransformation({
      id: "organize",
      options: {
        excludeByName: Object.fromEntries(["Time", ...hidden].map((name) => [name, true])),
        indexByName: Object.fromEntries(order.map((name, i) => [name, i])),
      },
    })
    .cellHeight(common.TableCellHeight.Sm)
    .filterable(true)
    .sortBy(sortBy.map((name) => new common.TableSortByFieldStateBuilder().displayName(name).desc(true)));
  for (const { label, name, link } of keys) {
    panel.overrideByName(label, [
      { id: "displayName", value: name },
      ...(link === undefined ? [] : [{ id: "links", value: [link] }]),
    ]);
  }
  for (const [i, column] of columns.entries()) {
    if (column.hidden !== true) panel.overrideByName(field(i), columnProperties(column));
  }
  return panel.build();
}

function columnProperties(column: NumberColumn): dashboard.DynamicConfigValue[] {
  const { name, unit, decimals, steps, words } = column;
  return [
    { id: "displayName", value: name },
    ...(unit === undefined ? [] : [{ id: "unit", value: unit }]),
    ...(decimals === undefined ? [] : [{ id: "decimals", value: decimals }]),
    ...(words === undefined ? [] : [{ id: "mappings", value: [mapping(words)] }]),
    ...(steps === undefined
      ? []
      : [
          { id: "thresholds", value: thresholds(steps).build() },
          { id: "custom.cellOptions", value: { type: "color-text" } },
        ]),
  ];
}

/** What the builders of the panels have in common; the SDK has no type for it. */
interface AnyBuilder {
  title(title: string): this;
  description(description: string): this;
  datasource(datasource: common.DataSourceRef): this;
  span(width: number): this;
  height(height: number): this;
  unit(unit: string): this;
  max(max: number): this;
  decimals(decimals: number): this;
  thresholds(thresholds: dashboard.ThresholdsConfigBuilder): this;
  colorScheme(color: dashboard.FieldColorBuilder): this;
}

const CALM: Steps = [[null, "text"]];

function begin<B extends AnyBuilder>(
  builder: B,
  { title, description, unit, width, height, max, decimals, steps }: Spec,
  size: { readonly width: number; readonly height: number },
): B {
  builder
    .title(title)
    .description(description)
    .datasource(DATASOURCE)
    .span(width ?? size.width)
    .height(height ?? size.height)
    .unit(unit)
    .thresholds(thresholds(steps ?? CALM));
  if (max !== undefined) builder.max(max);
  if (decimals !== undefined) builder.decimals(decimals);
  // Lines are told from each other by colour; numbers by how bad they are.
  const mode =
    builder instanceof lines.PanelBuilder
      ? dashboard.FieldColorModeId.PaletteClassic
      : dashboard.FieldColorModeId.Thresholds;
  return builder.colorScheme(new dashboard.FieldColorBuilder().mode(mode));
}

function query(index: number, expr: string): prometheus.DataqueryBuilder {
  return new prometheus.DataqueryBuilder()
    .refId(refId(index))
    .datasource(DATASOURCE)
    .editorMode(prometheus.QueryEditorMode.Code)
    .expr(expr);
}

function refId(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

function thresholds(steps: Steps): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));
}

function mapping(words: Words): dashboard.ValueMap {
  return {
    type: dashboard.MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
    ),
  };
}
