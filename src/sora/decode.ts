/** The body of an answer, believed as far as it deserves. */

import { isUtf8 } from "node:buffer";
import { oneLine, SoraFailure } from "./failure.ts";
import { isObject, parseJson } from "./json.ts";

/** An answer that is an array. */
export interface ArrayAnswer {
  /** As Sora sent them, not yet checked one by one. */
  readonly elements: readonly unknown[];
  /** False where the bytes were not UTF-8; what could not be read is U+FFFD then. */
  readonly validUtf8: boolean;
}

/**
 * Decodes the body of an answer with status 200 that has to be an array, as of connections.
 *
 * Bytes that are no UTF-8 spoil the string that they stand in, not the whole answer.
 *
 * @param of what the elements are, for messages
 * @throws SoraFailure `invalid_json`, `sora_error` (an object with `error_type`) or `unexpected_body` (no array)
 */
export function decodeArray(body: Buffer, of: string): ArrayAnswer {
  const answer = parse(body);
  if (Array.isArray(answer)) return { elements: answer as readonly unknown[], validUtf8: isUtf8(body) };
  throw unexpected(answer, `an array of ${of}`);
}

/**
 * Decodes the body of an answer with status 200 that has to be an object.
 *
 * @throws SoraFailure as `decodeArray` does
 */
export function decodeObject(body: Buffer): Readonly<Record<string, unknown>> {
  const answer = parse(body);
  if (isObject(answer) && !("error_type" in answer)) return answer;
  throw unexpected(answer, "an object");
}

function unexpected(answer: unknown, expected: string): SoraFailure {
  const errorType = errorTypeOf(answer);
  if (errorType !== undefined) return new SoraFailure("sora_error", `error_type ${errorType}`);
  return new SoraFailure("unexpected_body", `the answer is ${describe(answer)}, not ${expected}`);
}

/** What Sora answers to an operation that it knows, but cannot carry out now: not that it does not offer it. */
const TRANSIENT_ERRORS: ReadonlySet<string> = new Set(["NOT-CLUSTER-MAJORITY"]);

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
  const refusal = status === 400 && errorType !== undefined && !TRANSIENT_ERRORS.has(errorType);
  return errorType === undefined
    ? new SoraFailure("http_status", `HTTP status ${status}`)
    : new SoraFailure("sora_error", `HTTP status ${status}, error_type ${errorType}`, { refusal });
}

function parse(body: Buffer): unknown {
  if (body.length === 0) throw new SoraFailure("invalid_json", "the answer is empty");
  try {
    return parseJson(body.toString("utf8"));
  } catch (error) {
    throw noJson(`of ${body.length} bytes`, error);
  }
}

/** @param which of the answer, or what of it, for the message */
export function noJson(which: string, cause?: unknown): SoraFailure {
  return new SoraFailure("invalid_json", `the answer ${which} is no JSON`, { cause });
}

function errorTypeOf(answer: unknown): string | undefined {
  if (typeof answer !== "object" || answer === null || !("error_type" in answer)) return undefined;
  return typeof answer.error_type === "string" ? oneLine(answer.error_type) : undefined;
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
