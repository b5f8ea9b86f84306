/** Every answer, also to what is hardly a request, passes the guard and carries the headers that keep browsers in bounds. */

import { connect } from "node:net";
import { expect, test } from "vitest";
import { until } from "../support/exporter.ts";
import { serve } from "./serve.ts";
import { ask, HASHES } from "./support.ts";

const USERS = `basic_auth_users: {prometheus: "${HASHES.secret}"}\n`;
const HEADERS = `http_server_config: {headers: {X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=1}}\n`;
const RIGHT = `authorization: Basic ${Buffer.from("prometheus:secret").toString("base64")}\r\n`;
const HOST = "host: a\r\n";

/** Everything that comes back until the connection ends. */
function say(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
    socket.on("error", () => {
      // Closed, as below.
    });
    socket.on("close", () => resolve(heard));
    socket.write(text);
  });
}

function expectHeaders(answer: string): void {
  const head = answer.slice(0, answer.indexOf("\r\n\r\n"));
  expect(head).toMatch(/^content-security-policy: default-src 'none';/m);
  expect(head).toContain("\nx-content-type-options: nosniff");
  expect(head).toContain("\nx-frame-options: sameorigin");
  expect(head).not.toContain("DENY");
  expect(head).toContain("\nstrict-transport-security: max-age=1");
}

test.each([
  [200, "the metrics", "GET /metrics", HOST],
  [200, "health", "GET /-/healthy", HOST],
  [404, "no such path", "GET /nothing", HOST],
  [400, "a path that cannot be decoded", "GET /%zz", HOST],
  [400, "the same in the query", "GET /%?%zz", HOST],
  [400, "the same with a body", "POST /%ff", `${HOST}content-length: 1000\r\n`],
  [400, "half of a URL", "GET http://", HOST],
  [400, "no host", "GET /-/healthy", ""],
  [200, "an expectation", "GET /-/healthy", `${HOST}expect: something\r\n`],
  [
    413,
    "a body that waits to be wanted",
    "GET /metrics",
    `${HOST}expect: 100-continue\r\ncontent-length: 5\r\n`,
  ],
  [405, "the same for another method", "PUT /", `${HOST}expect: 100-continue\r\ncontent-length: 5\r\n`],
])("%i with the right password, else 401: %s", async (status, _, line, headers) => {
  const { port } = await serve({ files: { "web.yml": USERS + HEADERS } });
  const request = `${line} HTTP/1.1\r\n${headers}connection: close\r\n`;
  const letIn = await say(port, `${request}${RIGHT}\r\n`);
  expect(letIn).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expectHeaders(letIn);
  const refused = await say(port, `${request}\r\n`);
  expect(refused).toMatch(/^HTTP\/1\.1 401 /);
  expect(refused).toContain("\nwww-authenticate: Basic ");
  expectHeaders(refused);
});

test("where the health endpoints are for everyone, what cannot be read is not", async () => {
  const { port } = await serve({ files: { "web.yml": USERS }, healthWithoutAuth: true });
  for (const path of ["/-/healthy%", "/-/healthy/%zz", "/%2d/%healthy"])
    expect(await say(port, `GET ${path} HTTP/1.1\r\n${HOST}connection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 401 /,
    );
});

test.each([
  [400, "what is no request", "hello\r\n\r\n", {}],
  [408, "a request that does not come to its end", "GET / HTTP/1.1\r\n", { requestMs: 300, checkMs: 50 }],
  [431, "too many headers", `GET / HTTP/1.1\r\n${HOST}a: ${"b".repeat(5000)}\r\n\r\n`, { headerBytes: 4096 }],
])("%i carries the headers, too: %s", async (status, _, text, limits) => {
  const { port } = await serve({ files: { "web.yml": USERS + HEADERS }, limits });
  const heard = await say(port, text);
  expect(heard).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*content-type: text/plain`, "s"));
  expectHeaders(heard);
  expect(heard).not.toContain("{");
});

test("what comes while the server closes passes the guard, passwords checked", async () => {
  const rendering = Promise.withResolvers<undefined>();
  let renderings = 0;
  const { url, port, close } = await serve({
    files: { "web.yml": USERS + HEADERS },
    render: () => {
      renderings++;
      return rendering.promise;
    },
  });
  expect((await ask(`${url}/-/healthy`, { auth: "prometheus:secret" })).status).toBe(200);
  let heard = "";
  const socket = connect(port, "127.0.0.1");
  socket.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  socket.write(`GET /metrics HTTP/1.1\r\n${HOST}${RIGHT}accept-encoding: gzip\r\n\r\n`);
  await until(() => renderings === 1);
  const closed = close();
  await expect(ask(`${url}/-/healthy`)).rejects.toThrow("ECONNREFUSED");
  const wrong = `authorization: Basic ${Buffer.from("prometheus:wrong").toString("base64")}\r\n`;
  socket.write(`GET /metrics HTTP/1.1\r\n${HOST}${wrong}\r\n`);
  await new Promise((resolve) => setTimeout(resolve, 500));
  rendering.resolve(undefined);
  await Promise.all([closed, new Promise((resolve) => socket.once("close", resolve))]);
  const [, first, second = ""] = heard.split("HTTP/1.1 ");
  expect(first).toMatch(/^200 /);
  expect(second).toMatch(/^401 /);
  expectHeaders(second);
});
