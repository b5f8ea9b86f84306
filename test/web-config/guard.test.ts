/** Who is let in where a web configuration file says so. */

import { connect } from "node:tls";
import fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { guard } from "../../src/server/guard.ts";
import type { WebConfig } from "../../src/web-config/config.ts";
import { serve } from "./serve.ts";
import { type Asking, ask, HASHES, pem, pemFile } from "./support.ts";

const PATHS = [
  "/",
  "/metrics",
  "/probe?target=a",
  "/api/status",
  "/-/healthy",
  "/-/ready",
  "/-/status.css",
  "/config",
  "/-/reload",
  "/nothing",
];
const USERS = `basic_auth_users: {prometheus: "${HASHES.secret}"}\n`;
const TLS = `tls_server_config:\n  cert_file: ${pemFile("server.crt")}\n  key_file: ${pemFile("server.key")}\n`;
const mutual = (type: string, more = "") => `${TLS}  client_auth_type: ${type}\n${more}`;
const CA = `  client_ca_file: ${pemFile("ca.crt")}\n`;

const statusOf = async (url: string, asking?: Asking) => {
  try {
    return (await ask(url, asking)).status;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};

test.each([
  [200, "nothing that browsers send", {}],
  [200, "a page of its own", { origin: "SELF", "sec-fetch-site": "same-origin" }],
  [200, "the address bar", { "sec-fetch-site": "none" }],
  [200, "a page of its own in an old browser", { origin: "SELF" }],
  [403, "another site", { origin: "SELF", "sec-fetch-site": "cross-site" }],
  [403, "another host of the same site", { "sec-fetch-site": "same-site" }],
  [403, "another site in an old browser", { origin: "http://evil.example" }],
  [403, "a page of no site in an old browser", { origin: "null" }],
])("%i: a reload asked for by %s", async (status, _, sent: Record<string, string>) => {
  const { url } = await serve({ files: { "web.yml": USERS } });
  const headers = Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name, value.replace("SELF", url)]),
  );
  const asking = { auth: "prometheus:secret", method: "POST", headers };
  expect((await ask(`${url}/-/reload`, asking)).status).toBe(status);
});

test("every path asks for a password, also one that is none", async () => {
  const { url, metric, log } = await serve({ files: { "web.yml": USERS } });
  for (const path of PATHS) {
    for (const asking of [
      {},
      { auth: "prometheus:wrong" },
      { auth: "nobody:secret" },
      { auth: "prometheus:" },
      { headers: { authorization: "Bearer secret" } },
      { headers: { authorization: "Basic" } },
      { headers: { authorization: "Basic !" } },
      { method: "HEAD" },
      { method: "POST", body: "a" },
    ]) {
      const { status, headers, body } = await ask(url + path, asking);
      expect([path, asking, status]).toEqual([path, asking, 401]);
      expect(headers["www-authenticate"]).toBe('Basic realm="sora-stats-exporter", charset="UTF-8"');
      expect(headers["content-security-policy"]).toContain("default-src 'none'");
      expect(body).toBe("method" in asking && asking.method === "HEAD" ? "" : "Unauthorized.\n");
    }
  }
  expect((await ask(`${url}/metrics`, { auth: "prometheus:secret" })).status).toBe(200);
  expect((await ask(`${url}/nothing`, { auth: "prometheus:secret" })).status).toBe(404);
  expect((await ask(`${url}/metrics`, { auth: "prometheus:secret", method: "POST" })).status).toBe(405);
  expect(await metric("sora_exporter_web_refused_total", { reason: "password" })).toBe(PATHS.length * 9);
  // Once a minute.
  expect(log.filter(({ msg }) => msg.startsWith("turned away"))).toHaveLength(1);
  expect(JSON.stringify(log)).not.toMatch(/secret|wrong|nobody/);
});

test("the health endpoints alone can be for everyone", async () => {
  const { url } = await serve({ files: { "web.yml": USERS }, healthWithoutAuth: true });
  const found = await Promise.all(PATHS.map(async (path) => [path, await statusOf(url + path)]));
  expect(found).toEqual(
    PATHS.map((path) => [path, path.startsWith("/-/h") || path === "/-/ready" ? 200 : 401]),
  );
  for (const path of [
    "//-/healthy",
    "/-/healthy/",
    "/-/healthy/../../metrics",
    "/-/%68ealthy/x",
    "/metrics?/-/healthy",
  ])
    expect([path, await statusOf(url + path)]).toEqual([path, 401]);
});

test("its headers are on every answer, and replace the exporter's own", async () => {
  const headers = `http_server_config: {headers: {X-Frame-Options: sameorigin, Strict-Transport-Security: max-age=1}}\n`;
  const { url } = await serve({ files: { "web.yml": USERS + headers } });
  for (const [path, auth] of [
    ["/metrics", "prometheus:secret"],
    ["/", "prometheus:secret"],
    ["/nothing", "prometheus:secret"],
    ["/", "a:b"],
  ] as const) {
    const answer = await ask(url + path, { auth });
    expect([path, answer.headers["x-frame-options"], answer.headers["strict-transport-security"]]).toEqual([
      path,
      "sameorigin",
      "max-age=1",
    ]);
  }
});

test("past rate_limit requests are answered with 429, passwords unchecked; health is not where it is for everyone", async () => {
  const { url, metric } = await serve({
    files: { "web.yml": `${USERS}rate_limit: {interval: 1h, burst: 2}\n` },
    healthWithoutAuth: true,
  });
  expect(await statusOf(`${url}/metrics`, { auth: "prometheus:secret" })).toBe(200);
  expect(await statusOf(`${url}/metrics`, { auth: "prometheus:wrong" })).toBe(401);
  const { status, headers } = await ask(`${url}/metrics`, { auth: "prometheus:secret" });
  expect([status, headers["retry-after"]]).toEqual([429, "1"]);
  expect(await statusOf(`${url}/-/healthy`)).toBe(200);
  expect(await metric("sora_exporter_web_refused_total", { reason: "rate_limit" })).toBe(1);
});

test("who floods with wrong passwords keeps nobody out who has come in before", async () => {
  const dear = `basic_auth_users: {prometheus: "${HASHES.secret}", other: "${HASHES.secret.replace("$04$", "$12$")}"}\n`;
  const { url, metric } = await serve({ files: { "web.yml": dear } });
  expect(await statusOf(`${url}/metrics`, { auth: "prometheus:secret" })).toBe(200);
  const flood = Array.from({ length: 40 }, (_, i) => statusOf(`${url}/metrics`, { auth: `other:${i}` }));
  await Promise.race(flood);
  expect(await statusOf(`${url}/metrics`, { auth: "prometheus:secret" })).toBe(200);
  expect(await statusOf(`${url}/metrics`)).toBe(401);
  const found = await Promise.all(flood);
  expect(found.filter((status) => status === 503).length).toBeGreaterThanOrEqual(30);
  expect(found.filter((status) => status === 401).length).toBeGreaterThanOrEqual(4);
  expect(await metric("sora_exporter_web_refused_total", { reason: "busy" })).toBeGreaterThanOrEqual(30);
});

test("a password that was right is not compared again when something else changes", async () => {
  const server = fastify();
  onTestFinished(() => server.close());
  const first: WebConfig = {
    path: "web.yml",
    tls: undefined,
    headers: {},
    users: new Map([["prometheus", HASHES.secret]]),
    rateLimit: undefined,
  };
  const listeners: ((config: WebConfig) => void)[] = [];
  const web = {
    current: first,
    onChange: (listener: (typeof listeners)[number]) => listeners.push(listener),
    reload: () => Promise.resolve(undefined),
    close: () => {},
  };
  let compared = 0;
  const compare = (password: string) => {
    compared++;
    return Promise.resolve([password === "secret"]);
  };
  const listener = { standing: () => "in" as const };
  guard(server, { web, healthWithoutAuth: false, listener, compare, refused: () => {} });
  server.get("/", () => "in");
  const authorization = `Basic ${Buffer.from("prometheus:secret").toString("base64")}`;
  const statusNow = async () => (await server.inject({ url: "/", headers: { authorization } })).statusCode;
  expect(await statusNow()).toBe(200);
  for (const more of [
    { headers: { a: "b" } },
    { users: new Map([...first.users, ["other", HASHES.changed]]) },
  ])
    for (const change of listeners) change({ ...first, ...more });
  expect([await statusNow(), compared]).toEqual([200, 1]);
  for (const change of listeners) change({ ...first, users: new Map([["other", HASHES.changed]]) });
  compared = 0;
  expect([await statusNow(), compared]).toEqual([401, 1]);
});

// What a client sees where the connection is closed after its handshake.
const CLOSED = "ECONNRESET";
test.each([
  ["NoClientCert", "", { none: 200, client: 200, "other-client": 200 }],
  ["RequestClientCert", "", { none: 200, client: 200, "other-client": 200, "expired-client": 200 }],
  ["RequireAnyClientCert", "", { none: CLOSED, client: 200, "other-client": 200, "expired-client": 200 }],
  [
    "VerifyClientCertIfGiven",
    CA,
    { none: 200, client: 200, "other-client": CLOSED, "expired-client": CLOSED, server: CLOSED },
  ],
  [
    "RequireAndVerifyClientCert",
    CA,
    { none: CLOSED, client: 200, "other-client": CLOSED, "expired-client": CLOSED, server: CLOSED },
  ],
] as const)("client_auth_type: %s", async (type, more, expected) => {
  const { url, metric } = await serve({ files: { "web.yml": mutual(type, more) } });
  for (const version of ["TLSv1.2", "TLSv1.3"]) {
    const found: Record<string, unknown> = {};
    for (const name of Object.keys(expected))
      found[name] = await statusOf(`${url}/-/healthy`, {
        maxVersion: version,
        ...(name !== "none" && { client: name }),
      });
    expect([version, found]).toEqual([version, expected]);
  }
  const refused = Object.values(expected).filter((status) => (status as unknown) === CLOSED).length;
  expect(await metric("sora_exporter_web_refused_total", { reason: "client_certificate" })).toBe(2 * refused);
});

test.each([
  ["prometheus.example", 200],
  ["10.0.0.1", 200],
  ["spiffe://example/prometheus", 200],
  ["a@example.com", 200],
  ["example", CLOSED],
  [".example", CLOSED],
  ["*.example", CLOSED],
  ["prometheus", CLOSED],
  ["10.0.0.2", CLOSED],
])("client_allowed_sans: [%j]", async (name, expected) => {
  const more = `${CA}  client_allowed_sans: [other.example, "${name}"]\n`;
  const { url } = await serve({ files: { "web.yml": mutual("RequireAndVerifyClientCert", more) } });
  expect(await statusOf(`${url}/-/healthy`, { client: "client" })).toBe(expected);
});

test("without a client certificate health alone is answered, where it is for everyone", async () => {
  const { url } = await serve({
    files: { "web.yml": mutual("RequireAndVerifyClientCert", CA) },
    healthWithoutAuth: true,
  });
  for (const client of [undefined, "other-client"]) {
    const as = client === undefined ? {} : { client };
    expect(await statusOf(`${url}/-/healthy`, as)).toBe(200);
    expect(await statusOf(`${url}/metrics`, as)).toBe(403);
    expect(await statusOf(`${url}/nothing`, as)).toBe(403);
  }
  expect(await statusOf(`${url}/metrics`, { client: "client" })).toBe(200);
});

test("versions, cipher suites and curves are those of the file; no session is resumed", async () => {
  const options = { ca: pem("ca.crt"), servername: "localhost" };
  /** What a handshake ends with: protocol and cipher, or the code of an error. */
  async function shake(port: number, more: object): Promise<string | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ port, host: "127.0.0.1", ...options, ...more }, () => {
        resolve(`${socket.getProtocol()} ${socket.getCipher().standardName} ${socket.isSessionReused()}`);
        socket.destroy();
      });
      socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code));
    });
  }
  const twelve = await serve({
    files: {
      "web.yml": `${TLS}  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n  curve_preferences: [CurveP384]\n`,
    },
  });
  expect(await shake(twelve.port, {})).toBe("TLSv1.2 TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 false");
  expect(await shake(twelve.port, { minVersion: "TLSv1.3" })).toMatch(/^ERR_SSL_/);
  expect(await shake(twelve.port, { ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" })).toMatch(/^ERR_SSL_/);
  expect(await shake(twelve.port, { ecdhCurve: "P-256" })).toMatch(/^ERR_SSL_/);
  expect(await twelve.metric("sora_exporter_web_refused_total", { reason: "handshake" })).toBe(3);

  const thirteen = await serve({ files: { "web.yml": `${TLS}  min_version: TLS13\n` } });
  expect(await shake(thirteen.port, { maxVersion: "TLSv1.2" })).toMatch(/^ERR_SSL_/);
  const session = await new Promise<Buffer>((resolve) => {
    const socket = connect({ port: thirteen.port, host: "127.0.0.1", ...options }, () => {
      socket.on("session", resolve);
      socket.write("GET /-/healthy HTTP/1.1\r\nhost: a\r\n\r\n");
      socket.on("data", () => setTimeout(() => socket.destroy(), 50));
      socket.on("close", () => resolve(socket.getSession()!));
    });
  });
  expect(await shake(thirteen.port, { session })).toMatch(/^TLSv1\.3 \S+ false$/);
});
