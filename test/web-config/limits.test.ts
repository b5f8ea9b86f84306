/** Clients that take long, send much or never say anything. */

import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../support/exporter.ts";
import { serve } from "./serve.ts";
import { ask, HASHES, pem, pemFile } from "./support.ts";

const TLS = `tls_server_config:\n  cert_file: ${pemFile("server.crt")}\n  key_file: ${pemFile("server.key")}\n`;
const SHORT = { requestMs: 300, checkMs: 50 };

/** Says something on a connection of its own, then more and more until it is closed, and gives what came back. */
function say(port: number, text: string, more = "", tls = false): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls
      ? connectTls({ port, host: "127.0.0.1", ca: pem("ca.crt"), servername: "localhost" })
      : connect(port, "127.0.0.1");
    let heard = "";
    const timer = setInterval(() => {
      if (more !== "") socket.write(more);
    }, 20);
    socket.on("data", (chunk) => (heard += chunk.toString()));
    socket.on("error", () => {
      // Closed, as below.
    });
    socket.on("close", () => {
      clearInterval(timer);
      resolve(heard);
    });
    if (text !== "") socket.write(text);
  });
}

test.each([
  ["says nothing", "", ""],
  ["sends its headers slowly", "GET / HTTP/1.1\r\nhost: a\r\n", "x-a: b\r\n"],
  ["sends the line of its request slowly", "GET /", "a"],
])("who %s is cut off, with TLS and without", async (_, text, more) => {
  const plain = await serve({ limits: SHORT });
  expect(await say(plain.port, text, more)).toMatch(/^(HTTP\/1\.1 408 |$)/);
  const tls = await serve({ files: { "web.yml": TLS }, limits: SHORT });
  expect(await say(tls.port, text, more, true)).toMatch(/^(HTTP\/1\.1 408 |$)/);
});

test("who does not finish a TLS handshake is cut off, and counted", async () => {
  const { port, metric } = await serve({ files: { "web.yml": TLS }, limits: SHORT });
  expect(await say(port, "")).toBe("");
  // The beginning of what a client says first.
  expect(await say(port, "\x16\x03\x01")).toBe("");
  await until(async () => (await metric("sora_exporter_web_refused_total", { reason: "handshake" }))! >= 2);
});

test("who speaks HTTP where TLS is spoken is logged as such", async () => {
  const { port, log } = await serve({ files: { "web.yml": TLS } });
  await say(port, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  await until(() => log.some(({ detail }) => detail === "http request"));
});

test.each([
  ["GET", { "content-length": "5" }, "hello", 413],
  ["GET", { "transfer-encoding": "chunked" }, "hello", 413],
  ["HEAD", { "content-length": "5" }, "hello", 413],
  ["GET", { "content-length": "0" }, "", 200],
  ["POST", { "content-length": "5" }, "hello", 405],
] as const)(
  "%s with %j is answered at once, and what follows is not read",
  async (method, headers, body, status) => {
    const { url } = await serve();
    const answer = await ask(`${url}/-/healthy`, { method, headers, body });
    expect([answer.status, answer.headers.connection]).toEqual([status, "close"]);
  },
);

test("a body that never ends is not waited for", async () => {
  const { port } = await serve();
  for (const [method, status] of [
    ["GET", 413],
    ["POST", 405],
    ["PUT", 405],
  ] as const) {
    const heard = await say(
      port,
      `${method} / HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000000\r\n\r\n`,
      "a".repeat(1000),
    );
    expect(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(heard.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  }
});

test("headers have a bound", async () => {
  const { url } = await serve({ limits: { headerBytes: 4096 } });
  expect((await ask(`${url}/-/healthy`, { headers: { a: "b".repeat(3000) } })).status).toBe(200);
  expect((await ask(`${url}/-/healthy`, { headers: { a: "b".repeat(5000) } })).status).toBe(431);
});

/** Takes connections from an address, says something on each, and takes each anew when it ends. */
async function hog(
  port: number,
  count: number,
  text: string,
  localAddress = "127.0.0.1",
): Promise<() => number> {
  let [ends, over] = [0, false];
  const sockets = new Set<Socket>();
  onTestFinished(() => {
    over = true;
    for (const socket of sockets) socket.destroy();
  });
  function take(): Promise<unknown> {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    sockets.add(socket);
    socket.on("error", () => {
      // Closed, as below.
    });
    socket.on("close", () => {
      sockets.delete(socket);
      ends++;
      if (!over) void take();
    });
    socket.write(text);
    return new Promise((resolve) => socket.once("close", resolve).once("connect", resolve));
  }
  await Promise.all(Array.from({ length: count }, take));
  return () => ends;
}

test.each([
  ["plain HTTP", {}, "GET /metrics HTTP/1.1\r\nX: "],
  ["TLS", { "web.yml": TLS }, ""],
  [
    "passwords",
    { "web.yml": `basic_auth_users: {prometheus: "${HASHES.secret}"}\n` },
    "GET /metrics HTTP/1.1\r\nX: ",
  ],
])("who takes every connection, again and again, keeps nobody else out: %s", async (_, files, text) => {
  const { url, port, metric } = await serve({
    ...("web.yml" in files && { files }),
    limits: { connections: 20 },
    healthWithoutAuth: true,
  });
  // A password that is new takes a while to check: another address does not cut that short.
  const ends = await hog(port, 30, text, "127.0.0.2");
  for (let i = 0; i < 10; i++) {
    expect((await ask(`${url}/-/healthy`)).status).toBe(200);
    expect((await ask(`${url}/metrics`, { auth: "prometheus:secret" })).status).toBe(200);
  }
  await until(() => ends() > 20);
  expect(await metric("sora_exporter_web_refused_total", { reason: "connections" })).toBeGreaterThan(20);
});

test("of two addresses the one with more connections loses its oldest", async () => {
  const { port } = await serve({ limits: { connections: 4 } });
  const few = await hog(port, 1, "", "127.0.0.2");
  const many = await hog(port, 4, "", "127.0.0.3");
  await until(() => many() > 4);
  expect(few()).toBe(0);
});

test.each([
  ["without TLS", {}],
  ["with TLS", { files: { "web.yml": TLS } }],
])("a connection whose request is under way stays, and a new one finds no room, %s", async (_, files) => {
  const rendering = Promise.withResolvers<undefined>();
  let renderings = 0;
  const render = () => {
    renderings++;
    return rendering.promise;
  };
  const { url, metric } = await serve({ ...files, limits: { connections: 2 }, render });
  const asked = [ask(`${url}/metrics`), ask(`${url}/metrics`)];
  await until(() => renderings === 2);
  await expect(ask(`${url}/-/healthy`)).rejects.toThrow();
  expect(await metric("sora_exporter_web_refused_total", { reason: "connections" })).toBe(1);
  rendering.resolve(undefined);
  expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200]);
  expect((await ask(`${url}/-/healthy`)).status).toBe(200);
});

test("HEAD of the metrics is their headers, and the connection goes on", async () => {
  const { port } = await serve();
  const request = (method: string, more = "") => `${method} /metrics HTTP/1.1\r\nhost: a\r\n${more}\r\n`;
  const heard = await say(
    port,
    request("HEAD") + request("HEAD", "accept-encoding: gzip\r\n") + request("GET", "connection: close\r\n"),
  );
  const [, first, second, third] = heard.split("HTTP/1.1 200 OK\r\n");
  expect(first).toContain("content-type: text/plain; version=0.0.4; charset=utf-8\r\n");
  expect(first).toMatch(/\r\n\r\n$/);
  expect(first!.split("\r\n\r\n")).toEqual([expect.any(String), ""]);
  expect(second).toContain("content-encoding: gzip\r\n");
  expect(second!.split("\r\n\r\n")).toEqual([expect.any(String), ""]);
  expect(third).toContain("sora_exporter_build_info");
});

test.each([
  ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", /^HTTP\/1\.1 404 /],
  [
    "a URL that is none",
    "GET /%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    /^HTTP\/1\.1 400 .*content-type: text\/plain.*Bad request\.\n$/s,
  ],
  [
    "a whole URL",
    "GET http://other/-/healthy HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    /^HTTP\/1\.1 200 /,
  ],
  ["CONNECT", "CONNECT sora:3000 HTTP/1.1\r\nhost: a\r\n\r\n", /^$/],
  [
    "an upgrade",
    "GET /-/healthy HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n",
    /^HTTP\/1\.1 200 /,
  ],
  ["no HTTP", "hello\r\n\r\n", /^HTTP\/1\.1 400 /],
  [
    "two lengths",
    "GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
    /^HTTP\/1\.1 400 /,
  ],
  ["no host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 /],
])("%s", async (_, text, expected) => {
  const { port } = await serve();
  const heard = await say(port, text);
  expect(heard).toMatch(expected);
  expect(heard.toLowerCase()).not.toContain("access-control-");
});
