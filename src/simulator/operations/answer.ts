/** From a request's target and body to the status and the bytes of its answer. */

import type { Context } from "./operation.ts";
import { readBody, Refusal } from "./operation.ts";
import { findOperation } from "./table.ts";

/** What goes back: a status of HTTP and a body of compact JSON. */
export interface Answer {
  status: 200 | 400;
  body: Buffer;
}

/**
 * Answers one call of the API.
 *
 * @param target the header `x-sora-target`, if there was one
 * @param body as it came; empty for the defaults
 */
export function answer(target: unknown, body: string, context: Context): Answer {
  try {
    const operation = findOperation(target);
    if (operation === undefined) throw new Refusal("INVALID-TARGET");
    return { status: 200, body: encode(operation(readBody(body), context)) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: 400, body: encode({ error_type: error.errorType }) };
  }
}

/** JSON; an array is made piece by piece: one string for ten thousand connections would take twice the time. */
function encode(value: unknown): Buffer {
  if (!Array.isArray(value)) return Buffer.from(JSON.stringify(value));
  const pieces = value.map((item: unknown, at) => Buffer.from((at === 0 ? "[" : ",") + JSON.stringify(item)));
  pieces.push(Buffer.from(value.length === 0 ? "[]" : "]"));
  return Buffer.concat(pieces);
}
