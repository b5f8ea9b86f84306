/** A real Alertmanager that tells a webhook of every alert at once, and what it told. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../src/simulator/free-port.ts";
import { startProgram } from "../../src/simulator/program.ts";

/** What the webhook was told of an alert. */
export interface Told {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Alertmanager {
  readonly url: string;
  /** In the order in which it came; grows. */
  readonly told: readonly Told[];
  close(): Promise<void>;
}

/** Starts it and the webhook, both on loopback. */
export async function startAlertmanager(): Promise<Alertmanager> {
  const told: Told[] = [];
  const webhook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as { alerts: Told[] };
      told.push(...alerts);
      response.end();
    });
  });
  await new Promise<void>((resolve) => webhook.listen(0, "127.0.0.1", resolve));
  const hook = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}/`;
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));

  async function closeRest(): Promise<void> {
    webhook.closeAllConnections();
    await new Promise((resolve) => webhook.close(resolve));
    rmSync(directory, { recursive: true });
  }

  try {
    const config = join(directory, "alertmanager.yml");
    // As JSON, which is YAML. An alert is a group of its own, so that none waits for another.
    const route = { receiver: "test", group_by: ["..."], group_wait: "0s", group_interval: "1s" };
    const receiver = { name: "test", webhook_configs: [{ url: hook, send_resolved: true }] };
    writeFileSync(
      config,
      JSON.stringify({ route: { ...route, repeat_interval: "1h" }, receivers: [receiver] }),
    );
    const address = `127.0.0.1:${await freePort()}`;
    const program = await startProgram(
      "prometheus-alertmanager",
      [
        `--config.file=${config}`,
        `--storage.path=${join(directory, "data")}`,
        `--web.listen-address=${address}`,
        "--cluster.listen-address=",
      ],
      `http://${address}/-/ready`,
    );
    return {
      url: `http://${address}`,
      told,
      async close() {
        await program.stop();
        await closeRest();
      },
    };
  } catch (error) {
    await closeRest();
    throw error;
  }
}
