/** docs/bench.svg: what a poll costs per connection, by number of connections. Readable on light and on dark. */

import { perConnectionUs } from "./figures.ts";
import type { PipelineResult, Results } from "./results.ts";

const [WIDTH, HEIGHT] = [720, 400];
const PLOT = { left: 56, right: 590, top: 44, bottom: 340 } as const;

const LINES: readonly { name: string; className: string; us: (result: PipelineResult) => number }[] = [
  { name: "pipeline", className: "a", us: perConnectionUs },
  { name: "sums alone", className: "b", us: ({ sumsOnly, connections: n }) => (sumsOnly.totalMs / n) * 1000 },
  { name: "JSON.parse", className: "c", us: ({ jsonParseMs, connections: n }) => (jsonParseMs / n) * 1000 },
  { name: "copying", className: "d", us: ({ copyMs, connections: n }) => (copyMs / n) * 1000 },
];

/** The chart, as SVG; without two sizes there is none to draw, only the axes. */
export function benchChart({ pipeline }: Results): string {
  const sizes = pipeline.map(({ connections }) => connections);
  const highest = Math.max(1, ...pipeline.flatMap((result) => LINES.map(({ us }) => us(result))));
  const step = niceStep(highest / 5);
  const top = Math.ceil(highest / step) * step;
  const [first, last] = [Math.log(Math.min(...sizes)), Math.log(Math.max(...sizes))];
  const x = (connections: number) =>
    round(PLOT.left + ((Math.log(connections) - first) / (last - first || 1)) * (PLOT.right - PLOT.left));
  const y = (us: number) => round(PLOT.bottom - (us / top) * (PLOT.bottom - PLOT.top));
  const labels = placeLabels(LINES.map(({ us }) => (pipeline.length > 0 ? y(us(pipeline.at(-1)!)) : 0)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title">
<title id="title">Microseconds a poll takes per connection, by number of connections</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.grid { stroke: #d1d9e0 } .line { fill: none; stroke-width: 2.5 }
.a { --c: #0969da } .b { --c: #1a7f37 } .c { --c: #bc4c00 } .d { --c: #6e7781 }
.line { stroke: var(--c) } circle, .label { fill: var(--c) }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .grid { stroke: #3d444d }
.a { --c: #58a6ff } .b { --c: #3fb950 } .c { --c: #f0883e } .d { --c: #9198a1 }
.label { fill: var(--c) }
}
</style>
<text x="${PLOT.left}" y="22">µs per connection and poll</text>
${Array.from({ length: Math.round(top / step) + 1 }, (_, i) => gridLine(y(i * step), i * step)).join("\n")}
${sizes.map((size) => `<text x="${x(size)}" y="${PLOT.bottom + 20}" text-anchor="middle">${size.toLocaleString("en")}</text>`).join("\n")}
<text x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 44}" text-anchor="middle">connections</text>
${LINES.map(({ name, className, us }, i) => {
  const points = pipeline.map((result) => [x(result.connections), y(us(result))] as const);
  return `<g class="${className}">
<polyline class="line" points="${points.map((point) => point.join(",")).join(" ")}"/>
${points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3.5"/>`).join("\n")}
<text class="label" x="${PLOT.right + 12}" y="${labels[i]! + 4}">${name}</text>
</g>`;
}).join("\n")}
</svg>
`;
}

function gridLine(y: number, us: number): string {
  return (
    `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y}" y2="${y}"/>` +
    `<text x="${PLOT.left - 8}" y="${y + 4}" text-anchor="end">${round(us)}</text>`
  );
}

/** Labels at the ends of the lines, moved apart where they would be upon each other. */
function placeLabels(wanted: readonly number[]): number[] {
  const APART = 17;
  const placed = [...wanted];
  let above = -Infinity;
  for (const index of wanted.map((_, i) => i).sort((a, b) => wanted[a]! - wanted[b]!)) {
    placed[index] = above = Math.max(wanted[index]!, above + APART);
  }
  return placed;
}

/** 1, 2 or 5 with as many noughts as are needed. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((one) => one * power).find((step) => step >= least)!;
}

export function round(number: number): number {
  return Math.round(number * 10) / 10;
}
