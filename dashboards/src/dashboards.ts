/** The dashboards, as Grafana imports them. */

import type { Board } from "./board.ts";
import { channel } from "./channel.ts";
import { connection } from "./connection.ts";
import { exporter } from "./exporter.ts";
import { overview } from "./overview.ts";
import { transport } from "./transport.ts";

/** All dashboards, by the name of their file in `dashboards/`. */
export const DASHBOARDS: ReadonlyMap<string, Board> = new Map([
  ["overview.json", overview],
  ["channel.json", channel],
  ["connection.json", connection],
  ["transport.json", transport],
  ["exporter.json", exporter],
]);
