/** The exporter in a process of its own, as operators run it, so that what it needs can be told from what its tests need. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { memoryOf } from "../../bench/child.ts";
import { until } from "../support/exporter.ts";

export interface ExporterProcess {
  readonly url: string;
  /** Lines that it has logged. */
  readonly log: readonly string[];
  /** Bytes of memory that it has now, or had at most. */
  readonly memory: (which: "VmRSS" | "VmHWM") => number;
  /** Files and sockets that it has open. */
  readonly handles: () => number;
  /** Has it read another configuration, by SIGHUP. */
  readonly reload: (config: object) => void;
  close(): Promise<void>;
}

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/**
 * Starts an exporter on loopback and waits until it listens.
 *
 * @param config as in its file; where it listens and how it logs is added
 * @param main what Node.js runs: by default the sources
 */
export async function startExporterProcess(config: object, main = MAIN): Promise<ExporterProcess> {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const file = join(directory, "config.yaml");
  function write(config: object): void {
    const settings = { ...config, web: { listen_address: "127.0.0.1:0" }, log: { format: "json" } };
    // JSON is YAML.
    writeFileSync(file, JSON.stringify(settings));
  }
  write(config);
  const child = spawn(process.execPath, [main, `--config.file=${file}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  const log: string[] = [];
  let rest = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    log.push(...lines);
  });
  async function close(): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill();
      const killing = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await exited;
      clearTimeout(killing);
    }
    rmSync(directory, { recursive: true, force: true });
  }
  const listening = () => /listening on (http:\/\/[^/]+)\/metrics/.exec(log.join("\n"))?.[1];
  try {
    await until(() => {
      if (child.exitCode !== null) throw new Error(`the exporter has ended: ${log.join("\n")}${rest}`);
      return listening() !== undefined;
    }, 30_000);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    url: listening()!,
    log,
    memory: (which) => memoryOf(child.pid!, which),
    handles: () => readdirSync(`/proc/${child.pid!}/fd`).length,
    reload(config) {
      write(config);
      child.kill("SIGHUP");
    },
    close,
  };
}
