/** docs/soak.svg: how memory, handles, series and log go, each on an axis of its own. Readable on light and on dark. */

import { niceStep, round } from "../../bench/chart.ts";
import type { SoakResults, SoakSample } from "./results.ts";

const [WIDTH, PANEL] = [720, 130];
const PLOT = { left: 70, right: 700, top: 28, bottom: 110 } as const;

const PANELS: readonly { name: string; className: string; value: (sample: SoakSample) => number }[] = [
  { name: "RSS, MB", className: "a", value: ({ rssMB }) => rssMB },
  { name: "open files and sockets", className: "b", value: ({ handles }) => handles },
  { name: "series", className: "c", value: ({ series }) => series },
  { name: "log so far, KB", className: "d", value: ({ logBytes }) => logBytes / 1000 },
];

/** The chart, as SVG. */
export function soakChart({ samples }: SoakResults): string {
  const lastS = samples.at(-1)?.seconds ?? 1;
  const x = (seconds: number) => round(PLOT.left + (seconds / lastS) * (PLOT.right - PLOT.left));
  const height = PANELS.length * PANEL + 24;
  const ticks = Array.from({ length: 7 }, (_, i) => (lastS * i) / 6);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title">
<title id="title">Memory, open files and sockets, series and log of the exporter, over minutes</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.grid { stroke: #d1d9e0 } .line { fill: none; stroke-width: 2; stroke: var(--c) }
.a { --c: #0969da } .b { --c: #1a7f37 } .c { --c: #bc4c00 } .d { --c: #6e7781 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .grid { stroke: #3d444d }
.a { --c: #58a6ff } .b { --c: #3fb950 } .c { --c: #f0883e } .d { --c: #9198a1 }
}
</style>
${PANELS.map((panel, i) => drawPanel(panel, samples, i * PANEL, x)).join("\n")}
${ticks.map((seconds) => `<text x="${x(seconds)}" y="${height - 14}" text-anchor="middle">${round(seconds / 60)}</text>`).join("\n")}
<text x="8" y="${height - 14}">minutes</text>
</svg>
`;
}

function drawPanel(
  { name, className, value }: (typeof PANELS)[number],
  samples: readonly SoakSample[],
  offset: number,
  x: (seconds: number) => number,
): string {
  const highest = Math.max(1, ...samples.map(value));
  const step = niceStep(highest / 2);
  const top = Math.ceil(highest / step) * step;
  const y = (at: number) => round(offset + PLOT.bottom - (at / top) * (PLOT.bottom - PLOT.top));
  const lines = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  const points = samples.map((sample) => `${x(sample.seconds)},${y(value(sample))}`);
  return `<g class="${className}">
<text x="${PLOT.left}" y="${offset + 18}">${name}</text>
${lines.map((at) => `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y(at)}" y2="${y(at)}"/><text x="${PLOT.left - 8}" y="${y(at) + 4}" text-anchor="end">${at.toLocaleString("en")}</text>`).join("\n")}
<polyline class="line" points="${points.join(" ")}"/>
</g>`;
}
