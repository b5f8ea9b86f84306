/** Requests to the exporter, mutated, as bytes to a real exporter whose Sora has hostile names. */

import { connect } from "node:net";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { expect } from "vitest";
import { connection } from "../support/build.ts";
import { everyCall, type RunningExporter, runExporter } from "../support/exporter.ts";
import { calm, reply, startFakeSora } from "../support/fake-sora.ts";
import { samplesOf } from "../support/parse.ts";
import { fuzz, MAX_MS } from "./fuzz.ts";
import { applyCuts, cuts, HOSTILE_NUMBERS, HOSTILE_TEXTS, TEXT } from "./hostile.ts";

let exporter: RunningExporter;

/** Starts an exporter with a hostile name wherever Sora's users can put one. */
async function setup(): Promise<() => Promise<void>> {
  const hostile = HOSTILE_TEXTS.map((text, i) =>
    connection(
      {
        rtp: { total_sent: i },
        data_channel: { [text]: { total_new: 1 } },
        network_status: { unstable_level: i % 4 },
      },
      { channel_id: text || "ch", connection_id: `${i}${text}`, client_id: text },
    ),
  );
  const sora = await startFakeSora(calm(reply(hostile)));
  exporter = await runExporter([
    { name: "hostile", url: sora.url, timeoutMs: 5000, intervalMs: 5000, calls: everyCall(5000) },
  ]);
  await exporter.polls("hostile", 1);
  return async () => {
    await exporter.close();
    await sora.close();
  };
}

interface Response {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

/**
 * Sends bytes, each as one character, and reads until the end of the connection; undefined where nothing is answered.
 *
 * @param end whether nothing else will come, so that half a request is not waited for; an answer may be given up for that
 */
function exchange(request: string, end = false): Promise<Response | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Response | undefined>();
  const chunks: Buffer[] = [];
  const socket = connect(Number(new URL(exporter.url).port), "127.0.0.1");
  const timeout = setTimeout(() => {
    socket.destroy();
    reject(new Error("no end of the answer"));
  }, MAX_MS);
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  // A request that is given up early ends with a reset; what came before it counts.
  socket.on("error", () => undefined);
  socket.on("close", () => {
    clearTimeout(timeout);
    try {
      resolve(readResponse(Buffer.concat(chunks)));
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
  socket.write(Buffer.from(request, "latin1"));
  if (end) socket.end();
  return promise;
}

function readResponse(bytes: Buffer): Response | undefined {
  if (bytes.length === 0) return undefined;
  const end = bytes.indexOf("\r\n\r\n");
  const [first = "", ...lines] = bytes.subarray(0, end).toString("latin1").split("\r\n");
  const headers = new Map(
    lines.map((line) => {
      const match = /^([A-Za-z-]+): (\P{Cc}*)$/u.exec(line);
      if (match === null) throw new Error(`header ${JSON.stringify(line)}`);
      return [match[1]!.toLowerCase(), match[2]!];
    }),
  );
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  const body = bytes.subarray(end + 4);
  return { status, headers, body: headers.get("transfer-encoding") === "chunked" ? unchunk(body) : body };
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

/** What may be answered to whatever is asked. */
const STATUSES = [
  200, 301, 302, 304, 400, 403, 404, 405, 408, 411, 413, 414, 415, 417, 426, 431, 501, 503, 505,
];

function checkResponse(response: Response): void {
  const { status, headers, body } = response;
  expect(STATUSES).toContain(status);
  expect(exporter.log.filter(({ level }) => level >= 50)).toEqual([]);
  const type = headers.get("content-type") ?? "";
  if (status !== 200 || body.length === 0) return;
  const text = (headers.get("content-encoding") === "gzip" ? gunzipSync(body) : body).toString("utf8");
  if (type.startsWith("application/openmetrics-text")) samplesOf(text, "openmetrics");
  else if (type.startsWith("text/plain; version=0.0.4")) samplesOf(text, "prometheus-text");
  else if (type.startsWith("application/json")) JSON.parse(text);
  else if (type.startsWith("text/html")) {
    // Whatever names and queries hold, the page has no other scripts, and no handlers.
    expect(text).not.toMatch(/<script>|<img|<[^>"]*(?:"[^"]*"[^>"]*)*\son\w+=/);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
  }
}

const PATHS = [
  "/",
  "/metrics",
  "/probe",
  "/api/status",
  "/-/healthy",
  "/-/ready",
  "/-/reload",
  "/config",
  "/-/status.css",
];
const PARAMETERS = ["target", "level", "group", "q", "channel", "channels", "connections", "lang", "v", "x"];
const VALUE = fc.oneof(
  TEXT,
  fc.constantFrom(...HOSTILE_NUMBERS, "hostile", "target", "connection", "connections", "ja"),
);

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

const URLS = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...PATHS),
      fc.array(fc.tuple(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...PARAMETERS) }, TEXT), VALUE), {
        maxLength: 4,
      }),
    )
    .map(
      ([path, pairs]) =>
        `${path}?${pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join("&")}`,
    ),
  fc
    .tuple(
      fc.constantFrom(...PATHS),
      cuts(["%", "%00", "%ff", "%2e%2e", "/", "//", "?", "&", "=", "#", "[]", "[__proto__]", "\\", ";", "+"]),
    )
    .map(([path, changes]) => applyCuts(`${path}?target=hostile&q=a`, changes)),
);

const targets = fuzz({
  name: "whatever URL is asked for, the answer is well formed, and no error of the exporter's",
  runs: 60,
  setup,
  input: URLS,
  async check(url) {
    const sent = url.replaceAll(/[\s\0]/g, "%20");
    const response = await exchange(`GET ${sent} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(response).toBeDefined();
    checkResponse(response!);
  },
});

const MEDIA = [
  "text/plain",
  "application/openmetrics-text",
  "*/*",
  "text/*",
  "application/json",
  "gzip",
  "identity",
  "*",
  "deflate",
];
const MEDIA_PARAMETERS = [
  "version=0.0.4",
  "version=1.0.0",
  "escaping=allow-utf-8",
  "charset=utf-8",
  "q=0",
  "q=1",
  "q=0.5",
  "q=-1",
  "q=x",
  'v="a,b"',
  'v="',
  "q=1e400",
  "",
];
const ACCEPT = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .array(
        fc.tuple(fc.constantFrom(...MEDIA), fc.array(fc.constantFrom(...MEDIA_PARAMETERS), { maxLength: 3 })),
        { maxLength: 5 },
      )
      .map((parts) => parts.map(([media, parameters]) => [media, ...parameters].join(";")).join(",")),
  },
  {
    weight: 2,
    arbitrary: cuts([",", ";", "q=", '"', "\\", "/", " ", "*"]).map((changes) =>
      applyCuts("text/plain;version=0.0.4;q=0.5,*/*;q=0.1", changes),
    ),
  },
  // Long, and of what makes regular expressions go back.
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(" ", ";", ",", "a/", '"', "\t", "q=", "a;a="), fc.constantFrom(1000, 4000))
      .map(([text, n]) => text.repeat(n).slice(0, 7000)),
  },
);

const acceptHeaders = fuzz({
  name: "whatever is accepted, the answer is in the format and the encoding that it says",
  runs: 60,
  setup,
  input: fc.record({
    path: fc.constantFrom("/metrics", "/probe?target=hostile", "/"),
    accept: ACCEPT,
    encoding: ACCEPT,
    language: ACCEPT,
  }),
  async check({ path, ...accepts }) {
    const { accept, encoding, language } = accepts;
    const lines = [`Accept: ${accept}`, `Accept-Encoding: ${encoding}`, `Accept-Language: ${language}`].map(
      (line) => line.replaceAll(/(?!\t)\p{Cc}/gu, ""),
    );
    const response = await exchange(
      `GET ${path} HTTP/1.1\r\nHost: x\r\n${lines.join("\r\n")}\r\nConnection: close\r\n\r\n`,
    );
    expect(response).toBeDefined();
    checkResponse(response!);
    if (response!.status === 431) return;
    expect(response!.status).toBe(200);
    if (!/gzip|\*/i.test(encoding)) expect(response!.headers.get("content-encoding")).toBeUndefined();
  },
});

const BASE =
  "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nAccept: */*\r\nConnection: close\r\n\r\nhello";
const rawBytes = fuzz({
  name: "whatever bytes are sent, there is a well formed answer or none, and the exporter stays",
  runs: 60,
  setup,
  input: cuts([
    "\r\n",
    "\n",
    "\0",
    ":",
    " ",
    "HTTP/1.0",
    "HTTP/2",
    "GET",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "Transfer-Encoding: chunked\r\n",
    "Content-Length: -1\r\n",
    "Expect: 100-continue\r\n",
    "Upgrade: h2c\r\n",
    "Content-Type: x\r\n",
    `X: ${"y".repeat(20_000)}\r\n`,
  ]).map((changes) => applyCuts(BASE, changes)),
  async check(request) {
    const response = await exchange(request, true);
    if (response !== undefined && response.status !== 100) checkResponse(response);
    const healthy = await exchange("GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(healthy?.status).toBe(200);
  },
});

export const REQUEST_FUZZES = [targets, acceptHeaders, rawBytes];
