/** Calls Sora's HTTP API: each call has a connection of its own, and nothing can be called but operations that read. */

import type { buildConnector as Connecting, Dispatcher } from "undici";
import type { Limits } from "../config/config.ts";
import { Mask } from "../mask.ts";
import { decodeError } from "./decode.ts";
import { type FailureReason, oneLine, SoraFailure } from "./failure.ts";
import { type Operation, OPERATIONS } from "./operations.ts";
import { buildConnector, Pool, request } from "./pool.ts";

/** What a client shows of itself, and whom it trusts. */
export interface Credentials {
  /** Sent with each call; they may hold secrets. */
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly tls: TlsOptions;
}

/** A header's value, or what reads it anew for each call; that throws if it cannot. */
export type HeaderValue = string | (() => string);

/** TLS towards Sora. Certificates and keys are what reads PEM anew for each connection; that throws if it cannot. */
export interface TlsOptions {
  /** Undefined for the authorities that Node.js knows. */
  readonly ca: (() => string) | undefined;
  readonly cert: (() => string) | undefined;
  readonly key: (() => string) | undefined;
  /** Name to ask for and to check; undefined for the URL's host. */
  readonly serverName: string | undefined;
  readonly skipVerify: boolean;
}

export interface SoraClientOptions extends Credentials {
  /** Where Sora's API is, such as `http://127.0.0.1:3000/`. */
  readonly url: string;
  /** For a whole call, from connecting to the last byte. */
  readonly timeoutMs: number;
  /** An answer of `stream` that is larger is given up, one of `call` at an eighth of it, but not below 1 MB. */
  readonly limits: Pick<Limits, "answerSizeBytes">;
}

export interface SoraClient {
  readonly url: string;
  /**
   * Calls an operation.
   *
   * @param parameters becomes the JSON body; undefined for an operation without parameters
   * @param stop gives the call up
   * @param timeoutMs for the whole call, where it is less than usual
   * @returns the body of an answer with status 200, not decoded
   * @throws SoraFailure for whatever goes wrong
   */
  call(
    operation: Operation,
    parameters: Readonly<Record<string, unknown>> | undefined,
    stop?: AbortSignal,
    timeoutMs?: number,
  ): Promise<Buffer>;
  /**
   * Calls an operation as `call` does, and hands the body over as it arrives.
   *
   * @param consume is given the body piece by piece; what it throws ends the call and is thrown on as it is
   * @returns the number of bytes
   */
  stream(
    operation: Operation,
    parameters: Readonly<Record<string, unknown>> | undefined,
    consume: (chunk: Buffer) => void,
    stop?: AbortSignal,
    timeoutMs?: number,
  ): Promise<number>;
  /** A failure without what was sent in headers, for one of decoding what was answered; those of calls are so already. */
  conceal?(failure: SoraFailure): SoraFailure;
  /** Ends the connections. */
  close(): Promise<void>;
}

/**
 * Makes the client of one address. A connection is for one call: one that hangs does not hold up the others, none is closed
 * by the server just as a request sets out, and what comes after an answer is not taken for that of the next call.
 */
export function createSoraClient(options: SoraClientOptions): SoraClient {
  const { origin, pathname } = new URL(options.url);
  const { answerSizeBytes } = options.limits;
  const pool = new Pool(origin, {
    connections: null,
    connect: createConnector(options),
    // Connections are not kept.
    pipelining: 0,
  });

  const mask = new Mask();

  function conceal(failure: SoraFailure): SoraFailure {
    const message = mask.hide(failure.message);
    if (message === failure.message) return failure;
    const { reason, refusal, cause } = failure;
    return new SoraFailure(reason, message, { refusal, cause });
  }

  async function ask(
    [operation, parameters, consume, stop, timeoutMs = options.timeoutMs]: Parameters<SoraClient["stream"]>,
    maxBytes: number,
  ): Promise<number> {
    // Where types do not hold, nothing is sent: a request without an operation is none that only reads.
    if (!Object.hasOwn(OPERATIONS, operation)) throw new TypeError(`no operation: ${operation}`);
    const timeout = AbortSignal.timeout(Math.ceil(timeoutMs));
    const signal = stop === undefined ? timeout : AbortSignal.any([timeout, stop]);
    const headers = readHeaders(options.headers);
    for (const value of Object.values(headers)) mask.learn(value);
    const asked = {
      method: "POST" as const,
      path: pathname,
      headers: {
        // Without a word on it a proxy may compress as it likes.
        "accept-encoding": "identity",
        ...headers,
        "x-sora-target": OPERATIONS[operation],
        ...(parameters && { "content-type": "application/json" }),
      },
      body: parameters === undefined ? null : JSON.stringify(parameters),
      signal,
      // The signal alone bounds the call.
      headersTimeout: 0,
      bodyTimeout: 0,
    };
    let refused: { readonly error: unknown } | undefined;
    try {
      const answer = await request(pool, asked);
      if (answer.statusCode !== 200) throw await readError(answer);
      mustBePlain(answer);
      return await readBody(answer, maxBytes, (chunk) => {
        try {
          consume(chunk);
        } catch (error) {
          refused = { error };
          throw error;
        }
      });
    } catch (error) {
      if (refused !== undefined) throw refused.error;
      throw conceal(toFailure(error, timeout, timeoutMs));
    }
  }

  return {
    url: options.url,
    stream: (...asked) => ask(asked, answerSizeBytes),
    async call(operation, parameters, stop, timeoutMs) {
      const chunks: Buffer[] = [];
      const keep = (chunk: Buffer) => void chunks.push(chunk);
      await ask([operation, parameters, keep, stop, timeoutMs], wholeBytesOf(answerSizeBytes));
      return Buffer.concat(chunks);
    },
    conceal,
    close: () => pool.destroy(),
  };
}

const LEAST_WHOLE_BYTES = 1024 * 1024;

/**
 * The bound of answers that are kept whole until they are read: several may come at a time, and each takes its size in memory
 * some times over. Of a connection they say a thirtieth of what its statistics are.
 */
function wholeBytesOf(answerSizeBytes: number): number {
  return Math.min(answerSizeBytes, Math.max(LEAST_WHOLE_BYTES, answerSizeBytes / 8));
}

/** Certificates and keys are read for each connection, as their files are replaced before they expire. */
function createConnector({ tls, timeoutMs }: SoraClientOptions): Connecting.connector {
  return (options, callback) => {
    let connect: Connecting.connector;
    try {
      connect = buildConnector({ timeout: timeoutMs, ...connectOptions(tls) });
    } catch (error) {
      callback(error instanceof Error ? error : new Error(String(error)), null);
      return;
    }
    connect(options, callback);
  };
}

/** @throws SoraFailure `credentials` if a file cannot be read */
function connectOptions({ ca, cert, key, serverName, skipVerify }: TlsOptions) {
  return {
    rejectUnauthorized: !skipVerify,
    ...(ca !== undefined && { ca: readFrom(ca) }),
    ...(cert !== undefined && { cert: readFrom(cert) }),
    ...(key !== undefined && { key: readFrom(key) }),
    ...(serverName !== undefined && { servername: serverName }),
  };
}

/** @throws SoraFailure `credentials` if a file with a value cannot be read */
function readHeaders(headers: SoraClientOptions["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      typeof value === "string" ? value : readFrom(value),
    ]),
  );
}

function readFrom(read: () => string): string {
  try {
    return read();
  } catch (error) {
    throw new SoraFailure("credentials", error instanceof Error ? error.message : String(error));
  }
}

/** Sora's errors are short; of anything longer the status says enough. */
const ERROR_BODY_LIMIT = 64 * 1024;

/** What an answer with another status than 200 means; its body matters only if it can be had. */
async function readError(answer: Dispatcher.ResponseData): Promise<SoraFailure> {
  try {
    const chunks: Buffer[] = [];
    await readBody(answer, ERROR_BODY_LIMIT, (chunk) => void chunks.push(chunk));
    return decodeError(answer.statusCode, Buffer.concat(chunks));
  } catch {
    return decodeError(answer.statusCode, Buffer.alloc(0));
  }
}

/** Ends a body that nobody has begun to read; where all of it is there already, undici leaves nobody to hear that it is ended. */
function giveUp(body: Dispatcher.ResponseData["body"]): void {
  body.on("error", () => undefined).destroy();
}

/** @throws SoraFailure `invalid_json` for an answer that says of itself that it is compressed: that was not asked for */
function mustBePlain({ headers, body }: Dispatcher.ResponseData): void {
  const encoding = String(headers["content-encoding"] ?? "identity");
  if (encoding.toLowerCase() === "identity") return;
  giveUp(body);
  throw new SoraFailure(
    "invalid_json",
    `the answer is compressed (content-encoding ${oneLine(encoding)}), which was not asked for`,
  );
}

/** @returns the number of bytes */
async function readBody(
  { headers, body }: Dispatcher.ResponseData,
  limit: number,
  consume: (chunk: Buffer) => void,
): Promise<number> {
  const tooLarge = () =>
    new SoraFailure("too_large", `the answer is longer than the limit of ${limit} bytes`);
  if (Number(headers["content-length"]) > limit) {
    giveUp(body);
    throw tooLarge();
  }
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    consume(chunk);
  }
  return size;
}

function toFailure(error: unknown, timeout: AbortSignal, timeoutMs: number): SoraFailure {
  if (error instanceof SoraFailure) return error;
  const code = codeOf(error);
  if (timeout.aborted || code === "UND_ERR_CONNECT_TIMEOUT") {
    return new SoraFailure("timeout", `no complete answer within ${Math.ceil(timeoutMs)} ms`, {
      cause: error,
    });
  }
  const reason: FailureReason = code !== undefined && TLS_CODE.test(code) ? "tls" : "connect";
  const what = oneLine(error instanceof Error && error.message !== "" ? error.message : String(error));
  return new SoraFailure(reason, code === undefined || what.includes(code) ? what : `${code}: ${what}`, {
    cause: error,
  });
}

/** The codes of Node.js and OpenSSL for a handshake that failed or a certificate that is not trusted. */
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|ERR_OSSL|EPROTO|CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_|PATH_LENGTH_|ERROR_IN_|CRL_)/;

function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
