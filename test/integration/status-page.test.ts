/** The status page in a real Chromium, of an exporter on the simulator and on a hostile Sora. */

import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { openPage, startChromium } from "../support/chromium.ts";
import {
  DEFAULT_LIMITS,
  everyCall,
  NO_CALLS,
  type RunningExporter,
  runExporter,
  until,
} from "../support/exporter.ts";
import { calm, type FakeSora, reply, startFakeSora } from "../support/fake-sora.ts";
import { lacks } from "../support/tools.ts";

const LOSSY = "zakuro";
const HOSTILE = "<img src=x onerror=alert(1)>";
const LONG = "x".repeat(250);
/** Longer than the page waits to renew itself. */
const RENEWAL_MS = 5000;

interface SimulatedConnection {
  channel_id: string;
  connection_id: string;
  network_status: { unstable_level: number };
}

describe.skipIf(lacks("chromium"))("the status page", () => {
  let browser: Browser;
  let simulator: Simulator;
  let exporter: RunningExporter;
  let hostileSora: FakeSora;
  let hostile: RunningExporter;

  beforeAll(async () => {
    const startMs = Date.now() - 120_000;
    browser = await startChromium();
    simulator = await startSimulator({
      host: "127.0.0.1",
      port: 0,
      world: { seed: 1, channels: 8, connections: 80, nodes: 3, form: "2024", startMs },
      scenario: { scenario: "lossy-channel", channelId: LOSSY },
    });
    exporter = await runExporter([
      {
        name: "sim",
        url: simulator.url,
        intervalMs: 1000,
        timeoutMs: 1000,
        calls: everyCall(1000),
        limits: DEFAULT_LIMITS,
      },
    ]);
    await exporter.polls("sim", 3);
    const connection = (id: string, channel: string, level: number) => ({
      channel_id: channel,
      connection_id: id,
      client_id: `"><script>alert(2)</script>`,
      network_status: { unstable_level: level },
    });
    hostileSora = await startFakeSora(
      calm(
        reply([
          connection("1", HOSTILE, 3),
          connection("2", `' onmouseover='alert(3)' x='`, 2),
          connection(LONG, `\u202egnp.exe\u2066`, 1),
          connection("<b>4</b>", LONG, 0),
        ]),
      ),
    );
    hostile = await runExporter([
      { name: `<i>"t"`, url: hostileSora.url, calls: NO_CALLS, intervalMs: 500, timeoutMs: 500 },
    ]);
    await hostile.polls(`<i>"t"`, 2);
  });

  afterAll(async () => {
    await browser.close();
    await Promise.all([exporter.close(), hostile.close()]);
    await Promise.all([simulator.close(), hostileSora.close()]);
  });

  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });

  const rows = (page: Page, table: "channels" | "connections") => page.locator(`table.${table} tbody tr`);
  const updated = (page: Page) => page.locator(".updated time").getAttribute("datetime");
  const renewed = async (page: Page) => {
    const before = await updated(page);
    await page.clock.runFor(RENEWAL_MS);
    await until(async () => (await updated(page)) !== before);
  };

  test("the worst connection of a lossy channel is on top", async () => {
    const { page, problems } = await openPage(browser, `${exporter.url}/`);
    await until(async () => {
      const world = simulator.world.connections({ local: false }) as SimulatedConnection[];
      const worst = Math.max(...world.map(({ network_status }) => network_status.unstable_level));
      expect(worst).toBeGreaterThan(1);
      await page.reload();
      const top = rows(page, "connections").first();
      const id = await top.locator(".id").innerText();
      const found = world.find(({ connection_id }) => connection_id === id);
      return (
        found?.channel_id === LOSSY &&
        found.network_status.unstable_level === worst &&
        (await top.locator(".level").innerText()).startsWith(String(worst)) &&
        (await rows(page, "channels").first().locator("th").innerText()) === LOSSY
      );
    });
    // Trouble, by the numbers: something was lost there, and nothing in the last row.
    expect(await rows(page, "connections").first().locator("td.bad").count()).toBeGreaterThan(0);
    expect(await rows(page, "connections").last().locator("td.bad").count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test("the filter works, with and without JavaScript", async () => {
    for (const javaScriptEnabled of [true, false]) {
      const { page, problems } = await openPage(browser, `${exporter.url}/?lang=en`, { javaScriptEnabled });
      const all = await rows(page, "connections").count();
      await page.getByRole("searchbox").fill(LOSSY);
      await page.getByRole("button", { name: "Filter" }).click();
      await page.waitForURL(/q=zakuro/);
      expect(page.url()).toContain("lang=en");
      const count = await rows(page, "connections").count();
      expect(count).toBeGreaterThan(0);
      expect(count).toBeLessThan(all);
      for (const text of await rows(page, "connections").allInnerTexts()) expect(text).toContain(LOSSY);
      expect(await rows(page, "channels").count()).toBe(1);
      const id = await rows(page, "connections").last().locator(".id").innerText();
      await page.getByRole("searchbox").fill(id.toLowerCase());
      await page.keyboard.press("Enter");
      await page.waitForURL(new RegExp(id.toLowerCase()));
      expect(await rows(page, "connections").locator(".id").allInnerTexts()).toEqual([id]);
      expect(await page.locator("noscript meta[http-equiv=refresh]").count()).toBe(javaScriptEnabled ? 0 : 1);
      expect(problems).toEqual([]);
    }
  });

  test("it renews itself and keeps the filter, where one is, and what one types", async () => {
    const { page, problems } = await openPage(browser, `${exporter.url}/?connections=60`, { clock: true });
    await page.setViewportSize({ width: 900, height: 300 });
    const search = page.getByRole("searchbox");
    await search.pressSequentially("daily");
    await page.evaluate("scrollTo(0, 700); document.querySelector('#connections-scroll').scrollLeft = 40");
    const scrolled = () =>
      page.evaluate("[scrollY, document.querySelector('#connections-scroll').scrollLeft]");
    const before = await scrolled();
    expect(before).not.toEqual([0, 0]);
    await renewed(page);
    expect(await scrolled()).toEqual(before);
    await search.pressSequentially("-stand");
    expect(await search.inputValue()).toBe("daily-stand");
    await page.keyboard.press("Enter");
    await page.waitForURL(/q=daily-stand/);
    await renewed(page);
    expect(page.url()).toContain("q=daily-stand");
    expect(page.url()).toContain("connections=60");
    expect(await rows(page, "channels").locator("th").allInnerTexts()).toEqual(["daily-standup"]);
    expect(problems).toEqual([]);
  });

  test("it rests while it is hidden, paused, or something in it is selected", async () => {
    const { page } = await openPage(browser, `${exporter.url}/`, {
      clock: true,
      script: `Object.defineProperty(document, "hidden", { get: () => globalThis.away === true })`,
    });
    const rests = async () => {
      const before = await updated(page);
      await page.clock.runFor(3 * RENEWAL_MS);
      // For an answer to come that must not have been asked for.
      await new Promise((resolve) => setTimeout(resolve, 300));
      return (await updated(page)) === before;
    };
    await page.evaluate("away = true");
    expect(await rests()).toBe(true);
    const before = await updated(page);
    await page.evaluate(`away = false; document.dispatchEvent(new Event("visibilitychange"))`);
    await until(async () => (await updated(page)) !== before);
    await page.getByRole("button", { name: "Pause" }).click();
    expect(await rests()).toBe(true);
    await page.getByRole("button", { name: "Resume" }).click();
    await renewed(page);
    await page.evaluate("getSelection().selectAllChildren(document.querySelector('.id'))");
    expect(await rests()).toBe(true);
    await page.evaluate("getSelection().removeAllRanges()");
    await renewed(page);
  });

  test("hostile names are harmless, also once it has renewed itself", async () => {
    const { page, problems } = await openPage(browser, `${hostile.url}/`, { clock: true });
    const look = async () => {
      expect(await rows(page, "channels").first().locator("th bdi").innerText()).toBe(HOSTILE);
      expect(await rows(page, "connections").first().locator(".client").innerText()).toBe(
        `"><script>alert(2)</script>`,
      );
      expect(await page.locator("main img, main script, main b b, main i").count()).toBe(0);
      for (const row of await rows(page, "connections").all()) await row.hover();
    };
    await look();
    await renewed(page);
    await look();
    await rows(page, "channels").first().locator("a").click();
    await page.waitForURL(/channel=/);
    expect(await page.locator(".chips bdi").innerText()).toBe(HOSTILE);
    await look();
    expect(await rows(page, "connections").count()).toBe(1);
    hostileSora.answer = reply("<script>alert(4)</script>", 502);
    await until(async () => {
      await page.reload();
      return (await page.locator(".problem").count()) > 0;
    });
    expect(await page.locator(".target h3").innerText()).toContain(`<i>"t"`);
    expect(await page.title()).toContain("Failing: 1");
    expect(problems).toEqual([]);
  });

  test("nothing on a phone is beyond its edge", async () => {
    for (const { url } of [exporter, hostile]) {
      const { page, problems } = await openPage(browser, `${url}/`, {
        viewport: { width: 390, height: 844 },
        isMobile: true,
        hasTouch: true,
      });
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
      const beyond = `[...document.querySelectorAll("main *")].filter((e) =>
        e.getBoundingClientRect().right > 391 && getComputedStyle(e.closest("thead") ?? e).position !== "absolute").length`;
      expect(await page.evaluate(beyond)).toBe(0);
      expect(problems).toEqual([]);
    }
  });

  test("no text runs out of its cell, however wide the window and long a name", async () => {
    for (const { url } of [exporter, hostile])
      for (const lang of ["en", "ja"])
        for (const width of [360, 390, 500, 768, 1280]) {
          const { page } = await openPage(browser, `${url}/?lang=${lang}`, {
            viewport: { width, height: 844 },
          });
          const beyond = `[...document.querySelectorAll("tbody td, tbody th, dd, dt")].filter((e) =>
            e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.trim())`;
          expect({ lang, width, beyond: await page.evaluate(beyond) }).toEqual({ lang, width, beyond: [] });
          await page.context().close();
        }
  });

  test.each(["light", "dark"] as const)("every text can be read when it is %s", async (colorScheme) => {
    const { page, problems } = await openPage(browser, `${exporter.url}/`, { colorScheme });
    const { ground, worst } = await page.evaluate<{
      ground: number;
      worst: { contrast: number; text: string };
    }>(CONTRAST);
    expect(ground > 0.5).toBe(colorScheme === "light");
    expect(worst).toSatisfy(({ contrast }: typeof worst) => contrast >= 4.5);
    expect(problems).toEqual([]);
  });

  test("it speaks Japanese to those who do, and to those who ask", async () => {
    const { page, problems } = await openPage(browser, `${exporter.url}/`, { locale: "ja-JP" });
    expect(await page.evaluate("document.documentElement.lang")).toBe("ja");
    expect(await page.locator("h1").innerText()).toContain("Sora の状態");
    await page.getByRole("link", { name: "English" }).click();
    await page.waitForURL(/lang=en/);
    expect(await page.locator("h1").innerText()).toContain("Sora status");
    await page.getByRole("link", { name: "日本語" }).click();
    await page.waitForURL(/lang=ja/);
    expect(await page.getByRole("button", { name: "絞り込む" }).isVisible()).toBe(true);
    expect(problems).toEqual([]);
  });

  test("it says so when the exporter has gone", async () => {
    const gone = await runExporter([{ name: "sim", url: simulator.url }]);
    const { page } = await openPage(browser, `${gone.url}/`, { clock: true });
    expect(await page.getByRole("alert").isVisible()).toBe(false);
    await gone.close();
    await page.clock.runFor(RENEWAL_MS);
    await page.getByRole("alert").waitFor({ state: "visible" });
  });
});

/** The lightness of the page's ground, and the text with the least contrast to what is behind it, by WCAG 2. */
const CONTRAST = `(() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let e = element; e !== null; e = e.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
      if (a > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let worst = { contrast: 21, text: "" };
  while (texts.nextNode()) {
    const { parentElement: element, data } = texts.currentNode;
    if (data.trim() === "" || element.getClientRects().length === 0) continue;
    const [light, dark] = [luminance(parse(getComputedStyle(element).color)), luminance(behind(element))].sort((a, b) => b - a);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < worst.contrast) worst = { contrast, text: data.trim() };
  }
  return { ground: luminance(behind(document.body)), worst };
})()`;
