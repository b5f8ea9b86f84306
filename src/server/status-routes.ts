/** `/` and `/api/status`: how the targets are, for people and for their scripts. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { FastifyInstance, FastifyRequest } from "fastify";
import Negotiator from "negotiator";
import type { Engine } from "../engine/engine.ts";
import type { Status, StatusQuery } from "../engine/status.ts";
import { statusJson } from "../status/json.ts";
import { statusPage } from "../status/page/page.ts";
import { type Language, LANGUAGES } from "../status/page/texts.ts";
import { first, type GivenQuery, readQuery } from "../status/query.ts";
import { sendText } from "./headers.ts";

export interface StatusRoutesOptions {
  readonly telemetryPath: string;
  /** Of this package. */
  readonly version: string;
}

const ASSETS = {
  css: readAsset("status.css", "text/css; charset=utf-8"),
  script: readAsset("status.js", "text/javascript; charset=utf-8"),
  icon: readAsset("status.svg", "image/svg+xml"),
};

/** How many requests the engine is asked at a time: many filters at once would keep its polls waiting. */
const MAX_ASKED = 8;
const BUSY = `Limit of ${MAX_ASKED} such requests at a time reached, try again later.`;

/** In seconds. */
const YEAR = 31_536_000;

/** Adds the routes, and those of what belongs to the page. */
export function addStatusRoutes(
  server: FastifyInstance,
  { telemetryPath, version }: StatusRoutesOptions,
  engine: Pick<Engine, "status">,
): void {
  type Route = { Querystring: GivenQuery };
  let asking = 0;

  async function ask(query: StatusQuery): Promise<Status | "busy" | undefined> {
    if (asking >= MAX_ASKED) return "busy";
    asking++;
    try {
      return await engine.status(query);
    } finally {
      asking--;
    }
  }

  server.get<Route>("/", async (request, reply) => {
    const query = readQuery(request.query);
    const { language, chosen } = languageOf(request);
    const status = await ask(query);
    if (status === "busy") return sendText(reply.code(503).header("retry-after", "1"), `${BUSY}\n`);
    const page = statusPage({
      status,
      query,
      language,
      languageChosen: chosen,
      timeMs: Date.now(),
      version,
      telemetryPath,
      assets: { css: ASSETS.css.url, script: ASSETS.script.url, icon: ASSETS.icon.url },
    });
    return reply
      .type("text/html; charset=utf-8")
      .header("cache-control", "no-store")
      .header("content-language", language)
      .header("vary", "accept-language")
      .send(page);
  });

  server.get<Route>("/api/status", async (request, reply) => {
    const status = await ask(readQuery(request.query));
    void reply.type("application/json; charset=utf-8").header("cache-control", "no-store");
    if (status !== undefined && status !== "busy")
      return reply.send(`${JSON.stringify(statusJson(status))}\n`);
    const error = status === "busy" ? BUSY : "The engine is being started anew.";
    return reply
      .code(503)
      .header("retry-after", "1")
      .send(`${JSON.stringify({ error })}\n`);
  });

  for (const { path, type, hash, bytes } of Object.values(ASSETS)) {
    server.get<Route>(path, (request, reply) => {
      const asked = first(request.query["v"]) === hash;
      return reply
        .type(type)
        .header("cache-control", asked ? `public, max-age=${YEAR}, immutable` : "no-cache")
        .send(bytes);
    });
  }
}

function languageOf(request: FastifyRequest<{ Querystring: GivenQuery }>): {
  language: Language;
  chosen: boolean;
} {
  const asked = LANGUAGES.find((language) => language === first(request.query["lang"]));
  if (asked !== undefined) return { language: asked, chosen: true };
  const [wanted] = new Negotiator(request).languages([...LANGUAGES]);
  return { language: LANGUAGES.find((language) => language === wanted) ?? LANGUAGES[0], chosen: false };
}

/** What belongs to the page. Its URL changes with what it says, so that it may be kept for long. */
function readAsset(name: string, type: string) {
  const bytes = readFileSync(new URL(`./assets/${name}`, import.meta.url));
  const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
  const path = `/-/${name}`;
  return { path, url: `.${path}?v=${hash}`, type, hash, bytes };
}
