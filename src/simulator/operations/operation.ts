/**
 * What an operation of Sora's API is here, and how it reads its request.
 *
 * The documents name the errors `STARTED-RECORDING`, `NOT-STARTED-RECORDING` and `NOT-CLUSTER-MAJORITY`. The spelling
 * of every other one is our own choice: `INVALID-TARGET` for an unknown operation, `INVALID-JSON-FORMAT` for a body
 * that is no JSON object, and `INVALID-` with the key (`INVALID-CHANNEL-ID`) where a value is missing, of the wrong
 * type or out of its range.
 */

import { isObject } from "../../sora/json.ts";
import type { World } from "../world.ts";

/** Which world is asked, and which of its nodes. */
export interface Context {
  world: World;
  /** Index of the node, from 0. */
  node: number;
}

/** The JSON object of a request; empty where the body was. */
export type Body = Readonly<Record<string, unknown>>;

/**
 * Answers a request with a JSON value, and does what it asks for. The world is at the time of the request already.
 *
 * @throws Refusal
 */
export type Operation = (body: Body, context: Context) => unknown;

/** Operations by their `x-sora-target`. */
export type Operations = Readonly<Record<string, Operation>>;

/** A request that Sora answers with HTTP 400 and `{"error_type": errorType}`. */
export class Refusal extends Error {
  readonly errorType: string;

  constructor(errorType: string) {
    super(errorType);
    this.errorType = errorType;
  }
}

/** The refusal of a key's value: `INVALID-CHANNEL-ID` for `channel_id`. */
export function invalid(key: string): Refusal {
  return new Refusal(`INVALID-${key.toUpperCase().replaceAll("_", "-")}`);
}

/**
 * Reads the body of a request.
 *
 * @throws Refusal if it is neither empty nor a JSON object
 */
export function readBody(text: string): Body {
  if (text === "") return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Refusal("INVALID-JSON-FORMAT");
  }
  if (!isObject(json)) throw new Refusal("INVALID-JSON-FORMAT");
  return json;
}

/** A string that has to be there. An empty one names nothing, and is refused. */
export function readString(body: Body, key: string): string {
  const value = body[key];
  if (typeof value !== "string" || value === "") throw invalid(key);
  return value;
}

/** A string that may be left out. */
export function readOptionalString(body: Body, key: string): string | undefined {
  return body[key] === undefined ? undefined : readString(body, key);
}

/** One of some strings. */
export function readChoice<T extends string>(body: Body, key: string, choices: readonly T[]): T {
  const value = choices.find((choice) => choice === body[key]);
  if (value === undefined) throw invalid(key);
  return value;
}

/** An integer between two, both included. */
export function readInteger(body: Body, key: string, least: number, most: number): number {
  const value = body[key];
  if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most)
    throw invalid(key);
  return value;
}

/** A boolean that may be left out. */
export function readBoolean<T>(body: Body, key: string, otherwise: T): boolean | T {
  const value = body[key];
  if (value === undefined) return otherwise;
  if (typeof value !== "boolean") throw invalid(key);
  return value;
}

/** A JSON object that has to be there. */
export function readObject(body: Body, key: string): Body {
  const value = body[key];
  if (!isObject(value)) throw invalid(key);
  return value;
}

/** A JSON object that may be left out. */
export function readOptionalObject(body: Body, key: string): Body | undefined {
  return body[key] === undefined ? undefined : readObject(body, key);
}

/** An array of JSON objects that has to be there. */
export function readObjects(body: Body, key: string): Body[] {
  const value = body[key];
  if (!Array.isArray(value) || !value.every(isObject)) throw invalid(key);
  return value;
}
