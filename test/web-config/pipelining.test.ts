/** Clients that ask for many things at once on a connection, and do not wait for answers. */

import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../support/exporter.ts";
import { serve } from "./serve.ts";
import { ask, HASHES, pem, pemFile } from "./support.ts";

const LIMIT = 8;
const TLS = `tls_server_config:\n  cert_file: ${pemFile("server.crt")}\n  key_file: ${pemFile("server.key")}\n`;
const REQUEST = "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n";
const REASON = { reason: "pipelining" };

/** Sends on a connection of its own, and gives it; it goes with the test. */
function send(port: number, text: string, tls = false): Socket {
  const socket = tls
    ? connectTls({ port, host: "127.0.0.1", ca: pem("ca.crt"), servername: "localhost" })
    : connect(port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => {
    // Closed, which is seen otherwise.
  });
  socket.write(text);
  return socket;
}

test.each([
  ["without TLS", {}],
  ["with TLS", { files: { "web.yml": TLS } }],
])("as many as are taken are answered in order, and one more ends the connection, %s", async (_, files) => {
  const tls = "files" in files;
  let renderings = 0;
  const rendering = Promise.withResolvers<undefined>();
  const render = () => {
    renderings++;
    return rendering.promise;
  };
  const { port, metric, log } = await serve({ ...files, render });
  const few = send(port, REQUEST.repeat(LIMIT), tls);
  let heard = "";
  few.on("data", (chunk: Buffer) => (heard += chunk.toString("latin1")));
  await until(() => renderings === LIMIT);
  const many = send(port, REQUEST.repeat(LIMIT + 1), tls);
  let nothing = "";
  many.on("data", (chunk: Buffer) => (nothing += chunk.toString("latin1")));
  await until(() => many.closed);
  expect(nothing).toBe("");
  expect(await metric("sora_exporter_web_refused_total", REASON)).toBe(1);
  expect(log.filter(({ reason }) => reason === "pipelining")).toHaveLength(1);
  rendering.resolve(undefined);
  await until(() => heard.match(/HTTP\/1\.1 200 /g)?.length === LIMIT);
  expect(few.closed).toBe(false);
});

test("who asks for one thing after the other may do so for ever on one connection", async () => {
  const { url, metric } = await serve();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 10 * LIMIT; i++)
    await new Promise((resolve, reject) => {
      get(`${url}/metrics`, { agent }, (response) => {
        ports.add(response.socket.localPort);
        response.resume().on("end", resolve);
      }).on("error", reject);
    });
  expect(ports.size).toBe(1);
  expect(await metric("sora_exporter_web_refused_total", REASON)).toBe(0);
});

test.each([
  ["requests for metrics", REQUEST],
  ["requests for health", "GET /-/healthy HTTP/1.1\r\nhost: a\r\n\r\n"],
  ["requests without a host", "GET /-/healthy HTTP/1.1\r\n\r\n"],
  ["requests with expectations", "GET /-/healthy HTTP/1.1\r\nhost: a\r\nexpect: a\r\n\r\n"],
  ["requests that nobody can read", "GET /%zz HTTP/1.1\r\nhost: a\r\n\r\n"],
])("twenty clients that send thousands of %s and read nothing keep nobody waiting", async (_, request) => {
  let renderings = 0;
  const render = () => {
    renderings++;
    return Promise.resolve();
  };
  const { url, port, metric } = await serve({ render });
  const [text, sockets] = [request.repeat(5000), new Set<Socket>()];
  let [over, ends] = [false, 0];
  onTestFinished(() => {
    over = true;
  });
  function flood(): void {
    const socket = send(port, text);
    // Only what reads sees an end.
    sockets.add(socket);
    const look = setInterval(() => {
      if (!socket.destroyed) socket.write("\r\n");
    }, 20);
    socket.once("close", () => {
      clearInterval(look);
      sockets.delete(socket);
      ends++;
      if (!over) setTimeout(flood, 50);
    });
  }
  for (let i = 0; i < 20; i++) flood();
  // Fails where one is not answered within ten seconds.
  for (let i = 0; i < 10; i++) expect((await ask(`${url}/-/healthy`)).status).toBe(200);
  await until(() => ends >= 20);
  over = true;
  const refused = await metric("sora_exporter_web_refused_total", REASON);
  expect(refused).toBeGreaterThanOrEqual(20);
  expect(renderings).toBeLessThanOrEqual((ends + sockets.size) * LIMIT);
});

test("who has no password is not heard more often", async () => {
  const users = `basic_auth_users: {prometheus: "${HASHES.secret}"}\n`;
  const { port, metric } = await serve({ files: { "web.yml": users } });
  const socket = send(port, REQUEST.repeat(1000));
  socket.resume();
  await until(() => socket.closed);
  expect(await metric("sora_exporter_web_refused_total", { reason: "password" })).toBeLessThanOrEqual(LIMIT);
});
