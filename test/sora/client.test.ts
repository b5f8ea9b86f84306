import { setImmediate } from "node:timers/promises";
import type { TlsOptions } from "node:tls";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import {
  createSoraClient,
  type Credentials,
  type SoraClient,
  type SoraClientOptions,
} from "../../src/sora/client.ts";
import { decodeArray } from "../../src/sora/decode.ts";
import { SoraFailure } from "../../src/sora/failure.ts";
import { OPERATIONS } from "../../src/sora/operations.ts";
import { fixture } from "../support/build.ts";
import { NO_TLS } from "../support/exporter.ts";
import { type Answer, type FakeSora, hang, reply, startFakeSora } from "../support/fake-sora.ts";

let sora: FakeSora | undefined;
let client: SoraClient | undefined;

afterEach(async () => {
  await client?.close();
  await sora?.close();
  client = sora = undefined;
});

async function connect(answer: Answer, options: Partial<SoraClientOptions> = {}): Promise<SoraClient> {
  sora = await startFakeSora(answer);
  client = createSoraClient({
    url: sora.url,
    timeoutMs: 2000,
    limits: { answerSizeBytes: 1000 },
    headers: {},
    tls: NO_TLS,
    ...options,
  });
  return client;
}

/** Calls and decodes as a poll does, and tells how that failed. */
async function failureOf(connected: SoraClient): Promise<SoraFailure> {
  try {
    decodeArray(await connected.call("GetStatsAllConnections", { local: false }), "connections");
  } catch (error) {
    if (error instanceof SoraFailure) return error;
    throw error;
  }
  throw new Error("the call did not fail");
}

/** Ends the connection in the middle of the body. */
function cutShort(status: number, beginning: string): Answer {
  return (response) => {
    response.writeHead(status, { "content-length": "1000" });
    response.write(beginning);
    setTimeout(() => response.destroy(), 20);
  };
}

test("a call is a POST with x-sora-target and JSON, on a connection of its own", async () => {
  const connected = await connect(reply([]), { headers: { authorization: "Bearer x" } });
  for (let i = 0; i < 3; i++) {
    expect((await connected.call("GetStatsAllConnections", { local: false })).toString()).toBe("[]");
    await setImmediate();
  }
  expect(sora!.requests).toHaveLength(3);
  expect(sora!.connections()).toBe(3);
  expect(sora!.requests[0]).toMatchObject({
    method: "POST",
    path: "/",
    body: '{"local":false}',
    headers: {
      "x-sora-target": "Sora_20171101.GetStatsAllConnections",
      "content-type": "application/json",
      authorization: "Bearer x",
    },
  });
});

test("an answer above the bound that comes at once ends the call, and not the thread", async () => {
  const uncaught: unknown[] = [];
  const catchIt = (error: unknown) => void uncaught.push(error);
  process.prependListener("uncaughtException", catchIt);
  try {
    const connected = await connect(reply(" ".repeat(1001), 200, { "content-length": "1001" }));
    expect((await failureOf(connected)).reason).toBe("too_large");
    // It would come in one of the next turns of the event loop.
    for (let i = 0; i < 5; i++) await setImmediate();
    expect(uncaught).toEqual([]);
  } finally {
    process.off("uncaughtException", catchIt);
  }
});

test("an answer that is kept whole may have an eighth of what one that is read as it comes may have", async () => {
  const MB = 1024 * 1024;
  for (const [answerSizeBytes, whole] of [
    [16 * MB, 2 * MB],
    [2 * MB, MB],
    [1000, 1000],
  ] as const) {
    const connected = await connect(reply(" ".repeat(whole)), { limits: { answerSizeBytes } });
    expect(await connected.call("ListConnections", {})).toHaveLength(whole);
    sora!.answer = reply(" ".repeat(whole + 1));
    await expect(connected.call("ListConnections", {})).rejects.toMatchObject({ reason: "too_large" });
    const streamed = connected.stream("GetStatsAllConnections", {}, () => undefined);
    await (whole < answerSizeBytes
      ? expect(streamed).resolves.toBe(whole + 1)
      : expect(streamed).rejects.toMatchObject({ reason: "too_large" }));
    await connected.close();
    await sora!.close();
  }
});

test("an answer that comes twice is not taken for that of the next call", async () => {
  const connected = await connect((response) => {
    // As late as it can be: when the connection serves the next call.
    const { socket } = response;
    socket!.once("data", () => socket!.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n["a"]'));
    response.end('["a"]');
  });
  expect((await connected.call("GetStatsAllConnections", {})).toString()).toBe('["a"]');
  await setImmediate();
  sora!.answer = (response) => void setTimeout(() => response.end('["b"]'), 200);
  expect((await connected.call("GetStatsAllConnections", {})).toString()).toBe('["b"]');
});

test("compressed answers are not asked for, and one that comes is called that", async () => {
  const connected = await connect(reply(gzipSync("[]"), 200, { "content-encoding": "gzip" }));
  const failure = await failureOf(connected);
  expect(failure.reason).toBe("invalid_json");
  expect(failure.message).toBe("the answer is compressed (content-encoding gzip), which was not asked for");
  expect(sora!.requests[0]!.headers["accept-encoding"]).toBe("identity");
  sora!.answer = reply("[]", 200, { "content-encoding": "identity" });
  expect((await connected.call("GetStatsAllConnections", {})).toString()).toBe("[]");
});

test("a URL may have a path", async () => {
  sora = await startFakeSora(reply([]));
  client = createSoraClient({
    url: `${sora.url}sora/api`,
    timeoutMs: 2000,
    limits: { answerSizeBytes: 1000 },
    headers: {},
    tls: NO_TLS,
  });
  await client.call("GetStatsAllConnections", {});
  expect(sora.requests[0]?.path).toBe("/sora/api");
});

test("only operations that read can be expressed", () => {
  for (const [name, target] of Object.entries(OPERATIONS)) {
    expect(name).toMatch(/^(Get|List)[A-Z]\w+$/);
    expect(target).toMatch(new RegExp(`^Sora_\\d{8}\\.${name}$`));
  }
});

test("an operation without parameters has no body", async () => {
  const connected = await connect(reply({}));
  await connected.call("GetLicense", undefined);
  const { headers, body } = sora!.requests[0]!;
  expect([body, headers["x-sora-target"]]).toEqual(["", "Sora_20171218.GetLicense"]);
  expect(headers["content-type"]).toBeUndefined();
});

test("a credential that is read from a file is read for each call", async () => {
  let token = "one";
  const connected = await connect(reply([]), { headers: { authorization: () => `Bearer ${token}` } });
  await connected.call("GetStatsAllConnections", {});
  token = "two";
  await connected.call("GetStatsAllConnections", {});
  expect(sora!.requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer one", "Bearer two"]);
});

test("a call that hangs does not hold up another", async () => {
  const connected = await connect((response, operation) => {
    if (operation !== "GetStatsAllConnections") return;
    reply([])(response, operation);
  });
  const hanging = connected.call("GetStatsReport", undefined).catch((error: unknown) => error);
  for (let i = 0; i < 3; i++)
    expect((await connected.call("GetStatsAllConnections", {})).toString()).toBe("[]");
  expect(await hanging).toMatchObject({ reason: "timeout" });
});

describe("nothing but reading", () => {
  test("the operations are those that read", () => {
    // From the list of Sora's API: each of these only tells what is there.
    expect(Object.values(OPERATIONS).sort()).toEqual([
      "Sora_20161101.ListArchiving",
      "Sora_20161101.ListStartedRecording",
      "Sora_20171010.GetStatsReport",
      "Sora_20171101.GetStatsAllConnections",
      "Sora_20171218.GetLicense",
      "Sora_20201013.ListConnections",
      "Sora_20211215.ListClusterNodes",
    ]);
  });

  test("the client's type has no other", async () => {
    const connected = await connect(reply({}));
    const mutating = [
      // @ts-expect-error: the type checker, which is a part of all tests, fails where this is no mistake.
      () => connected.call("DisconnectChannel", { channel_id: "sora" }),
      // @ts-expect-error: see above.
      () => connected.call("UpdateLicense", undefined),
      // @ts-expect-error: see above.
      () => connected.call("StartRecording", { channel_id: "sora", expire_time: 0 }),
    ];
    // Where types do not hold, nothing is sent.
    for (const call of mutating) await expect(call()).rejects.toThrow("no operation");
    expect(sora!.requests).toEqual([]);
  });
});

describe("TLS", () => {
  const CA = fixture("tls/ca.crt");
  const AUTHORITY = () => CA;
  const SERVER = { key: fixture("tls/server.key"), cert: fixture("tls/server.crt") };
  const CLIENT = { key: () => fixture("tls/client.key"), cert: () => fixture("tls/client.crt") };

  async function callWith(tls: Partial<Credentials["tls"]>, server: TlsOptions = SERVER): Promise<unknown> {
    sora = await startFakeSora(reply([]), server);
    client = createSoraClient({
      url: sora.url,
      timeoutMs: 2000,
      limits: { answerSizeBytes: 1000 },
      headers: {},
      tls: { ...NO_TLS, ...tls },
    });
    return client.call("GetStatsAllConnections", {}).then(String, (error: unknown) => error);
  }

  test("an own authority, and the name that its certificate has", async () => {
    expect(await callWith({ ca: AUTHORITY, serverName: "sora.example" })).toBe("[]");
  });

  test("an authority that nobody knows", async () => {
    expect(await callWith({ serverName: "sora.example" })).toMatchObject({ reason: "tls" });
  });

  test("a certificate for another name", async () => {
    const failure = await callWith({ ca: AUTHORITY });
    expect(failure).toMatchObject({ reason: "tls", message: expect.stringContaining("ALTNAME") as string });
  });

  test("a certificate that is for clients", async () => {
    const failure = await callWith(
      { ca: AUTHORITY, serverName: "exporter" },
      { key: fixture("tls/client.key"), cert: fixture("tls/client.crt") },
    );
    expect(failure).toMatchObject({ reason: "tls" });
  });

  test("no verification, where that is asked for", async () => {
    expect(await callWith({ skipVerify: true })).toBe("[]");
  });

  const DEMANDING = { ...SERVER, ca: CA, requestCert: true, rejectUnauthorized: true };

  test("files that are replaced are read again for the next connection; one that is gone is told", async () => {
    let ca = () => fixture("tls/client.crt");
    const failure = await callWith({ ca: () => ca(), serverName: "sora.example" });
    expect(failure).toMatchObject({ reason: "tls" });
    ca = AUTHORITY;
    expect(String(await client!.call("GetStatsAllConnections", {}))).toBe("[]");
    await client!.close();
    const gone = await callWith({
      ca: () => {
        throw new Error('cannot read "ca.pem"');
      },
    });
    expect(gone).toMatchObject({ reason: "credentials", message: 'cannot read "ca.pem"' });
  });

  test("a client certificate, where the server demands one", async () => {
    expect(await callWith({ ca: AUTHORITY, serverName: "sora.example", ...CLIENT }, DEMANDING)).toBe("[]");
  });

  test("no client certificate, where the server demands one", async () => {
    const failure = await callWith({ ca: AUTHORITY, serverName: "sora.example" }, DEMANDING);
    // In TLS 1.3 the client has finished its part of the handshake when the server ends the connection.
    expect(failure).toMatchObject({ reason: expect.stringMatching(/^(tls|connect)$/) as string });
    expect(sora?.requests).toHaveLength(0);
  });
});

describe("failures", () => {
  test.each<[string, Answer, string, string | RegExp]>([
    [
      "an error of Sora's",
      reply({ error_type: "NOT-CLUSTER-MAJORITY" }, 400),
      "sora_error",
      "HTTP status 400, error_type NOT-CLUSTER-MAJORITY",
    ],
    ["an error of Sora's with status 200", reply({ error_type: "X" }), "sora_error", "error_type X"],
    ["an array with status 400", reply([], 400), "http_status", "HTTP status 400"],
    ["401", reply("", 401), "http_status", "HTTP status 401"],
    ["a proxy's page", reply("<html>Bad Gateway</html>", 502), "http_status", "HTTP status 502"],
    ["a redirect", reply("", 302, { location: "http://127.0.0.1:1/" }), "http_status", "HTTP status 302"],
    ["502 with a page over the bound", reply("x".repeat(100_000), 502), "http_status", "HTTP status 502"],
    ["502 with a page that is cut", cutShort(502, "<html>"), "http_status", "HTTP status 502"],
    ["an empty body", reply(""), "invalid_json", "the answer is empty"],
    ["HTML with status 200", reply("<html>"), "invalid_json", "the answer of 6 bytes is no JSON"],
    [
      "a truncated body",
      reply('[{"channel_id":"a","conn'),
      "invalid_json",
      "the answer of 24 bytes is no JSON",
    ],
    ["half a character at the end", reply(Buffer.from([0x5b, 0x22, 0xe3])), "invalid_json", /3 bytes/],
    ["an object", reply({}), "unexpected_body", "the answer is an object, not an array of connections"],
    ["a string", reply('"x"'), "unexpected_body", "the answer is a string, not an array of connections"],
    ["null", reply("null"), "unexpected_body", "the answer is null, not an array of connections"],
    ["a length above the bound", reply(`[${" ".repeat(1000)}]`), "too_large", /limit of 1000 bytes/],
    [
      "more than the bound without a length",
      (response) => {
        response.write("[");
        for (let i = 0; i < 20; i++) response.write(" ".repeat(100));
        response.end("]");
      },
      "too_large",
      /limit of 1000 bytes/,
    ],
    ["a connection that ends in the middle of a body", cutShort(200, "["), "connect", /\S/],
    ["a connection that ends before an answer", (response) => response.destroy(), "connect", /\S/],
    ["no HTTP", (response) => response.socket?.end("SSH-2.0-x\r\n"), "connect", /\S/],
  ])("%s", async (_, answer, reason, message) => {
    const failure = await failureOf(await connect(answer));
    expect(failure.reason).toBe(reason);
    if (typeof message === "string") expect(failure.message).toBe(message);
    else expect(failure.message).toMatch(message);
  });

  test.each<[string, Answer]>([
    ["no answer", hang],
    [
      "a body that never ends",
      (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write(" "), 20);
        response.on("close", () => clearInterval(timer));
      },
    ],
  ])("%s: the whole call is bounded", async (_, answer) => {
    const failure = await failureOf(await connect(answer, { timeoutMs: 150 }));
    expect([failure.reason, failure.message]).toEqual(["timeout", "no complete answer within 150 ms"]);
  });

  test("an error whose body stalls is still that error", async () => {
    const stalls: Answer = (response) =>
      response.writeHead(502, { "content-length": "1000" }).write("<html>");
    const failure = await failureOf(await connect(stalls, { timeoutMs: 150 }));
    expect([failure.reason, failure.message]).toEqual(["http_status", "HTTP status 502"]);
  });

  test("nobody listens", async () => {
    const connected = await connect(reply([]));
    await sora!.close();
    expect((await failureOf(connected)).message).toMatch(/ECONNREFUSED/);
    expect((await failureOf(connected)).reason).toBe("connect");
  });

  test("an unknown host", async () => {
    const connected = await connect(reply([]), { url: "http://sora.invalid/" });
    expect((await failureOf(connected)).reason).toBe("connect");
  });

  test("HTTP where TLS is expected", async () => {
    const connected = await connect(reply([]));
    await connected.close();
    client = createSoraClient({
      url: sora!.url.replace("http:", "https:"),
      timeoutMs: 2000,
      limits: { answerSizeBytes: 1000 },
      headers: {},
      tls: NO_TLS,
    });
    expect((await failureOf(client)).reason).toBe("tls");
  });

  test("a certificate that nobody vouches for", async () => {
    sora = await startFakeSora(reply([]), {
      key: fixture("tls/self-signed.key"),
      cert: fixture("tls/self-signed.crt"),
    });
    client = createSoraClient({
      url: sora.url,
      timeoutMs: 2000,
      limits: { answerSizeBytes: 1000 },
      headers: {},
      tls: NO_TLS,
    });
    const failure = await failureOf(client);
    expect(failure.reason).toBe("tls");
    expect(failure.message).toMatch(/SELF_SIGNED/);
    expect(sora.requests).toHaveLength(0);
  });

  test("a file with a credential that cannot be read", async () => {
    const connected = await connect(reply([]), {
      headers: {
        authorization: () => {
          throw new Error('"token" is empty');
        },
      },
    });
    const failure = await failureOf(connected);
    expect([failure.reason, failure.message]).toEqual(["credentials", '"token" is empty']);
    expect(sora!.requests).toHaveLength(0);
  });

  test("after each failure the next call works", async () => {
    const connected = await connect(hang, { timeoutMs: 150 });
    expect((await failureOf(connected)).reason).toBe("timeout");
    for (const answer of [
      reply("", 401),
      reply("x".repeat(2000)),
      ((response) => response.destroy()) as Answer,
    ]) {
      sora!.answer = answer;
      await failureOf(connected);
      sora!.answer = reply([]);
      expect((await connected.call("GetStatsAllConnections", {})).toString()).toBe("[]");
    }
  });

  test("what an answer says is one short line in the message", async () => {
    const failure = await failureOf(
      await connect(reply({ error_type: `A\nB\u001b[31m${"x".repeat(900)}` }, 400)),
    );
    expect(failure.message).toMatch(/^HTTP status 400, error_type A B \[31mx+…$/);
    expect(failure.message.length).toBeLessThanOrEqual(200);
  });
});

test("bytes that are no UTF-8 spoil their string, not the answer", () => {
  const body = Buffer.concat([Buffer.from('[{"a":"'), Buffer.from([0xff]), Buffer.from('"},{"b":"é"}]')]);
  expect(decodeArray(body, "connections")).toEqual({
    elements: [{ a: "\u{fffd}" }, { b: "é" }],
    validUtf8: false,
  });
  expect(decodeArray(Buffer.from('["é"]'), "connections").validUtf8).toBe(true);
});

test("a body can be had piece by piece", async () => {
  const connected = await connect(reply([1, 2, 3]));
  const chunks: Buffer[] = [];
  const consume = (chunk: Buffer) => void chunks.push(chunk);
  expect(await connected.stream("GetStatsAllConnections", { local: false }, consume)).toBe(7);
  expect(Buffer.concat(chunks).toString()).toBe("[1,2,3]");
});

test("what the one who takes the pieces throws ends the call and comes out as it is", async () => {
  let closed: Promise<unknown> | undefined;
  const connected = await connect((response) => {
    closed = new Promise((resolve) => response.once("close", resolve));
    response.writeHead(200);
    response.write("[");
  });
  const mistake = new TypeError("a mistake");
  const consume = () => {
    throw mistake;
  };
  await expect(connected.stream("GetStatsAllConnections", { local: false }, consume)).rejects.toBe(mistake);
  await closed;
});
