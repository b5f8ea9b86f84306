/**
 * The parts of undici that are used. Its index loads all of it, some 11 MB a thread, of which an exporter beside Sora can do
 * without.
 */

import { createRequire } from "node:module";
import type { Dispatcher, Pool as UndiciPool } from "undici";

type Undici = typeof import("undici");

const require = createRequire(import.meta.url);
export const Pool = require("undici/lib/dispatcher/pool.js") as Undici["Pool"];
const requestBy = require("undici/lib/api/api-request.js") as UndiciPool["request"];
export const buildConnector = require("undici/lib/core/connect.js") as Undici["buildConnector"];

/** Makes a request, as the method of the same name does, which only undici's index gives to pools. */
export function request(
  pool: UndiciPool,
  options: Dispatcher.RequestOptions,
): Promise<Dispatcher.ResponseData> {
  return requestBy.call(pool, options) as Promise<Dispatcher.ResponseData>;
}
