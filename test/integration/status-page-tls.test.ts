/** The status page in a real Chromium, through TLS and with a password. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { openPage, startChromium } from "../support/chromium.ts";
import { configFor, type RunningExporter, runExporter, until } from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { lacks } from "../support/tools.ts";
import { HASHES, pemFile } from "../web-config/support.ts";

describe.skipIf(lacks("chromium"))("the status page, through TLS", () => {
  let directory: string;
  let browser: Browser;
  let sora: FakeSora;
  let exporter: RunningExporter;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
    const configFile = join(directory, "web.yml");
    writeFileSync(
      configFile,
      `tls_server_config: {cert_file: "${pemFile("server.crt")}", key_file: "${pemFile("server.key")}"}
http_server_config: {headers: {Strict-Transport-Security: max-age=1}}
basic_auth_users: {operator: "${HASHES.secret}"}
`,
    );
    browser = await startChromium();
    sora = await startFakeSora(calm(reply([{ channel_id: "lobby", connection_id: "C1", rtp: {} }])));
    exporter = await runExporter([{ name: "behind-tls", url: sora.url }], {
      web: { ...configFor([]).web, configFile },
    });
    await until(async () => (await exporter.status()).some(({ good }) => good !== undefined));
  });

  afterAll(async () => {
    await browser.close();
    await exporter.close();
    await sora.close();
    rmSync(directory, { recursive: true });
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  const as = (username: string, password: string) => ({
    // Its authority is the tests' own.
    ignoreHTTPSErrors: true,
    httpCredentials: { username, password },
  });

  test("with the password it shows all that it is made of, and renews itself", async () => {
    const { page, problems } = await openPage(browser, `${exporter.url}/`, {
      ...as("operator", "secret"),
      clock: true,
    });
    expect(page.url()).toMatch(/^https:/);
    expect(await page.locator(".target h3").innerText()).toContain("behind-tls");
    expect(await page.locator("table.connections tbody tr .id").innerText()).toBe("C1");
    const [style, script] = await page.evaluate<[number, number]>(
      "[document.styleSheets[0].cssRules.length, document.scripts.length]",
    );
    expect(style).toBeGreaterThan(0);
    expect(script).toBe(1);
    const updated = () => page.locator(".updated time").getAttribute("datetime");
    const before = await updated();
    await page.clock.runFor(5000);
    await until(async () => (await updated()) !== before);
    expect(problems).toEqual([]);
  });

  test.each([
    ["no password", { ignoreHTTPSErrors: true }],
    ["a wrong one", as("operator", "wrong")],
    ["another user", as("nobody", "secret")],
  ])("with %s it is refused, page and parts", async (_, options) => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const statuses: number[] = [];
    page.on("response", (response) => statuses.push(response.status()));
    for (const path of ["/", "/-/status.js", "/api/status"])
      await page.goto(exporter.url + path).catch((error: unknown) => {
        // Chromium shows a page of its own where it has no more passwords to try.
        expect(String(error)).toContain("ERR_INVALID_AUTH_CREDENTIALS");
      });
    expect(statuses.length).toBeGreaterThanOrEqual(3);
    expect(new Set(statuses)).toEqual(new Set([401]));
  });

  test("a certificate that nobody vouches for is refused without the flag", async () => {
    const context = await browser.newContext({
      httpCredentials: { username: "operator", password: "secret" },
    });
    const page = await context.newPage();
    await expect(page.goto(`${exporter.url}/`)).rejects.toThrow("ERR_CERT_AUTHORITY_INVALID");
  });
});
