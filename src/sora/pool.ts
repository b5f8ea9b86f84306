/**
 * The parts of undici that are used. Its index loads all of it, some 11 MB a thread, of which an exporter beside Sora can do
 * without.
 */

import { createRequire } from "node:module";

type Undici = typeof import("undici");

const require = createRequire(import.meta.url);
export const Pool = require("undici/lib/dispatcher/pool.js") as Undici["Pool"];
export const buildConnector = require("undici/lib/core/connect.js") as Undici["buildConnector"];
