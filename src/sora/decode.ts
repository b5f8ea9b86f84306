/** The body of an answer, believed as far as it deserves. */

import { isUtf8 } from "node:buffer";
import { SoraFailure } from "./failure.ts";
import { parseJson } from "./json.ts";

/** The elements of an answer to GetStatsAllConnections. */
export interface StatsAnswer {
  /** Connections as Sora sent them, not yet checked one by one. */
  readonly connections: readonly unknown[];
  /** False where the bytes were not UTF-8; what could not be read is U+FFFD then. */
  readonly validUtf8: boolean;
}

/**
 * Decodes the body of an answer with status 200.
 *
 * Bytes that are no UTF-8 spoil the string that they stand in, not the whole answer.
 *
 * @throws SoraFailure `invalid_json`, `sora_error` (an object with `error_type`) or `unexpected_body` (no array)
 */
export function decodeStats(body: Buffer): StatsAnswer {
  const answer = parse(body);
  if (Array.isArray(answer)) return { connections: answer as readonly unknown[], validUtf8: isUtf8(body) };
  const errorType = errorTypeOf(answer);
  if (errorType !== undefined) throw new SoraFailure("sora_error", `error_type ${errorType}`);
  throw new SoraFailure("unexpected_body", `the answer is ${describe(answer)}, not an array of connections`);
}

/**
 * The failure that an answer with another status than 200 means.
 *
 * @param status of the answer
 * @param body all of it, or nothing where it could not be had; a proxy may send anything
 */
export function decodeError(status: number, body: Buffer): SoraFailure {
  let errorType: string | undefined;
  try {
    errorType = errorTypeOf(parse(body));
  } catch {
    // A proxy's page, not Sora's error.
  }
  return errorType === undefined
    ? new SoraFailure("http_status", `HTTP status ${status}`)
    : new SoraFailure("sora_error", `HTTP status ${status}, error_type ${errorType}`);
}

function parse(body: Buffer): unknown {
  if (body.length === 0) throw new SoraFailure("invalid_json", "the answer is empty");
  try {
    return parseJson(body.toString("utf8"));
  } catch (error) {
    throw new SoraFailure("invalid_json", `the answer of ${body.length} bytes is no JSON`, { cause: error });
  }
}

function errorTypeOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("error_type" in answer)) return undefined;
  return typeof answer.error_type === "string" ? answer.error_type : undefined;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
