/** Calls Sora's HTTP API: one connection kept alive per target, and nothing but operations that read. */

import { Client } from "undici";
import { decodeError } from "./decode.ts";
import { type FailureReason, SoraFailure } from "./failure.ts";
import { type Operation, OPERATIONS } from "./operations.ts";

export interface SoraClientOptions {
  /** Where Sora's API is, such as `http://127.0.0.1:3000/`. */
  readonly url: string;
  /** For a whole call, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** A longer answer is given up. */
  readonly bodySizeLimitBytes: number;
  /** Sent with each call; they may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface SoraClient {
  /**
   * Calls an operation.
   *
   * @param parameters becomes the JSON body
   * @param stop gives the call up
   * @returns the body of an answer with status 200, not decoded
   * @throws SoraFailure for whatever goes wrong
   */
  call(
    operation: Operation,
    parameters: Readonly<Record<string, unknown>>,
    stop?: AbortSignal,
  ): Promise<Buffer>;
  /** Ends the connection. */
  close(): Promise<void>;
}

/** Above the usual intervals, so that polls share a connection; below the 60 s after which servers usually close one. */
const KEEP_ALIVE_MS = 30_000;

/** Makes the client of one target; it connects with the first call. */
export function createSoraClient(options: SoraClientOptions): SoraClient {
  const { origin, pathname } = new URL(options.url);
  const client = new Client(origin, {
    connect: { timeout: options.timeoutMs },
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  return {
    async call(operation, parameters, stop) {
      const signal = AbortSignal.timeout(options.timeoutMs);
      try {
        const answer = await client.request({
          method: "POST",
          path: pathname,
          headers: {
            ...options.headers,
            "content-type": "application/json",
            "x-sora-target": OPERATIONS[operation],
          },
          body: JSON.stringify(parameters),
          signal: stop === undefined ? signal : AbortSignal.any([signal, stop]),
          // The signal alone bounds the call.
          headersTimeout: 0,
          bodyTimeout: 0,
        });
        const body = await readBody(answer, options.bodySizeLimitBytes);
        if (answer.statusCode !== 200) throw decodeError(answer.statusCode, body);
        return body;
      } catch (error) {
        throw toFailure(error, signal, options);
      }
    },
    close: () => client.destroy(),
  };
}

async function readBody(
  { headers, body }: { headers: Record<string, unknown>; body: AsyncIterable<Buffer> & { destroy(): void } },
  limit: number,
): Promise<Buffer> {
  const tooLarge = () =>
    new SoraFailure("too_large", `the answer is longer than the limit of ${limit} bytes`);
  if (Number(headers["content-length"]) > limit) {
    body.destroy();
    throw tooLarge();
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function toFailure(error: unknown, signal: AbortSignal, { timeoutMs }: SoraClientOptions): SoraFailure {
  if (error instanceof SoraFailure) return error;
  const code = codeOf(error);
  if (signal.aborted || code === "UND_ERR_CONNECT_TIMEOUT") {
    return new SoraFailure("timeout", `no complete answer within ${timeoutMs} ms`, { cause: error });
  }
  const reason: FailureReason = code !== undefined && TLS_CODE.test(code) ? "tls" : "connect";
  const what = error instanceof Error && error.message !== "" ? error.message : String(error);
  return new SoraFailure(reason, code === undefined || what.includes(code) ? what : `${code}: ${what}`, {
    cause: error,
  });
}

/** The codes of Node.js and OpenSSL for a handshake that failed or a certificate that is not trusted. */
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|CRL_)/;

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
