/** A real Chromium, and what must not happen in it. */

import { execFileSync } from "node:child_process";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** It is asked nothing but what a test asks for: no updates, no sync, no profile. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Starts it; `lacks("chromium")` tells whether there is one. */
export async function startChromium(): Promise<Browser> {
  const executablePath = execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A page, and what went wrong on it so far. */
export interface WatchedPage {
  readonly page: Page;
  /** Dialogs, errors and warnings on the console, violations of its policy, and requests to elsewhere. */
  readonly problems: string[];
}

export interface PageOptions extends BrowserContextOptions {
  /** Whether the test moves the page's clock. */
  readonly clock?: boolean;
  /** Runs in the page before anything of its own. */
  readonly script?: string;
}

/** Opens a page in a context of its own, as somebody does who has never seen it. */
export async function openPage(
  browser: Browser,
  url: string,
  { clock = false, script = "", ...options }: PageOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) problems.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) problems.push(`elsewhere: ${request.url()}`);
  });
  await page.exposeFunction("reportViolation", (violation: string) => problems.push(`policy: ${violation}`));
  await page.addInitScript(
    `addEventListener("securitypolicyviolation", (e) => reportViolation(e.violatedDirective + " " + e.blockedURI));${script}`,
  );
  if (clock) await page.clock.install();
  await page.goto(url);
  return { page, problems };
}
