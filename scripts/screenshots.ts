/** Takes the picture of the README, docs/status-page.png: an exporter on the simulator, one channel of which is lossy. */

import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { loadConfig } from "../src/config/load.ts";
import { startExporter } from "../src/exporter.ts";
import { startSimulator } from "../src/simulator/server.ts";
import { VERSION } from "../src/version.ts";
import { openPage, startChromium } from "../test/support/chromium.ts";

const SIZE = { width: 1280, height: 880 };
/** For how long the simulated Sora has been running, and how long its channel has been lossy. */
const RUNNING_MS = 600_000;
const LOSSY_MS = 60_000;

const simulator = await startSimulator({
  host: "127.0.0.1",
  port: 0,
  world: {
    seed: 1,
    channels: 6,
    connections: 50,
    nodes: 3,
    form: "2024",
    startMs: Date.now() - RUNNING_MS,
  },
});
const now = Date.now();
simulator.world.advanceTo(now - LOSSY_MS);
simulator.world.setScenario({ scenario: "lossy-channel", channelId: "daily-standup" }, now - LOSSY_MS);
const loaded = loadConfig({
  argv: [
    "--config.file=config.yaml",
    "--sora.interval=2s",
    "--sora.timeout=1s",
    "--calls.list-connections=2s",
    "--web.listen-address=127.0.0.1:0",
  ],
  env: {},
  readFile: () => `targets: [{ name: tokyo, url: "${simulator.url}" }]`,
});
if (loaded.command !== "run") throw new Error("nothing to run");
const exporter = await startExporter(loaded.config, { log: pino({ level: "silent" }), version: VERSION });
const browser = await startChromium();
try {
  // Rates need two polls, and who the connections are a list of them.
  for (let n = 0; n < 100; n++) {
    const [target] = await exporter.status();
    if ((target?.last?.rateSeconds ?? 0) > 1.5) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { page, problems } = await openPage(browser, `${exporter.url}/?lang=en`, { viewport: SIZE });
  await page.screenshot({
    path: fileURLToPath(new URL("../docs/status-page.png", import.meta.url)),
  });
  if (problems.length > 0) throw new Error(problems.join("\n"));
} finally {
  await browser.close();
  await exporter.close();
  await simulator.close();
}
