/**
 * Alerts from end to end: simulators in trouble, one exporter, a real Prometheus with our rules, a real Alertmanager, and
 * whom it tells.
 *
 * The rules are copies in which all durations are a thirtieth (`hasten`): a window of five minutes is ten seconds, an
 * evaluation every 30 seconds one every second. So this shows that what the exporter says of these scenarios makes the
 * rules fire and resolve, that Prometheus understands all of them, and that the whole way works. It does not show that
 * the true windows and waiting times are well chosen, nor what happens just below a threshold: that is for promtool.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScenarioChange } from "../../src/simulator/scenarios.ts";
import { type Simulator, startSimulator } from "../../src/simulator/server.ts";
import { type Alertmanager, startAlertmanager } from "../support/alertmanager.ts";
import { everyCall, type RunningExporter, runExporter } from "../support/exporter.ts";
import { type Prometheus, startPrometheus } from "../support/prometheus.ts";
import { hasten, readRules } from "../support/rules.ts";
import { lacks } from "../support/tools.ts";

const TIMES = 30;
/** Five scrapes. */
const LEAST_WINDOW_S = 5;
/** Of everything before the trouble; what is usual must be known (`leastHistory`, ten minutes that are 20 s here). */
const QUIET_MS = 27_000;
const FIRE_MS = 75_000;
const RESOLVE_MS = 60_000;
const INTERVAL_MS = 2_000;

interface Trouble {
  change: ScenarioChange;
  /** Alerts that must come, and go once it is calm again. */
  alerts: readonly string[];
  without?: string[];
}

/** By the name of the target. */
const TROUBLES = {
  calm: { change: { scenario: "calm" }, alerts: [] },
  refusing: { change: { scenario: "api-refusing" }, alerts: ["SoraDown"] },
  slow: { change: { scenario: "api-slow", delayMs: 3_500 }, alerts: ["PollsSlow"] },
  channel: { change: { scenario: "lossy-channel" }, alerts: ["ChannelUnstable"] },
  everywhere: {
    change: { scenario: "lossy-everywhere" },
    alerts: [
      ...["UnstableShareHigh", "UnstableShareCritical", "ChannelUnstable"],
      ...["NackMissesHigh", "PliStorm", "IceChecksLost"],
    ],
  },
  silent: {
    change: { scenario: "lossy-everywhere" },
    alerts: [],
    without: ["network_status.unstable_level"],
  },
  ice: { change: { scenario: "ice-failures" }, alerts: ["IceFailures"] },
  turn: { change: { scenario: "turn-storm" }, alerts: ["TurnErrors"] },
  abandon: { change: { scenario: "data-channel-abandon" }, alerts: ["DataChannelAbandonment"] },
  dropped: { change: { scenario: "connections-dropped" }, alerts: ["ConnectionsDropped"] },
  node: { change: { scenario: "node-lost" }, alerts: ["ClusterNodeGone"] },
  license: { change: { scenario: "license-nearly-used-up" }, alerts: ["LicenseNearlyUsedUp"] },
} as const satisfies Record<string, Trouble>;

const WORLD = { channels: 3, connections: 40, nodes: 3, form: "2024", seed: 1 } as const;
const troubles = Object.entries<Trouble>(TROUBLES);

describe.skipIf(lacks("prometheus") || lacks("prometheus-alertmanager"))("Alertmanager", () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const simulators = new Map<string, Simulator>();
  const rules = readRules();
  let exporter: RunningExporter;
  let prometheus: Prometheus;
  let alertmanager: Alertmanager;

  async function simulate(name: string, port = 0, without: readonly string[] = []): Promise<Simulator> {
    const world = { ...WORLD, without, startMs: Date.now() - 600_000 };
    const scenario = { scenario: "calm" } as const;
    const simulator = await startSimulator({ host: "127.0.0.1", port, world, scenario });
    simulators.set(name, simulator);
    return simulator;
  }

  beforeAll(async () => {
    for (const [name, { without }] of troubles) await simulate(name, 0, without);
    await simulate("gone");
    const pace = { intervalMs: INTERVAL_MS, timeoutMs: INTERVAL_MS, calls: everyCall(INTERVAL_MS) };
    const slowPace = { intervalMs: 5_000, timeoutMs: 5_000, calls: everyCall(5_000) };
    exporter = await runExporter(
      [...simulators].map(([name, { url }]) => ({ name, url, ...(name === "slow" ? slowPace : pace) })),
      { levels: ["target", "channel"] },
    );
    const ruleFiles = [...rules].map(([name, file]) => {
      const path = join(directory, name);
      writeFileSync(path, JSON.stringify(hasten(file, TIMES, LEAST_WINDOW_S)));
      return path;
    });
    alertmanager = await startAlertmanager();
    prometheus = await startPrometheus(exporter.url, { ruleFiles, alertmanagerUrl: alertmanager.url });
  });

  afterAll(async () => {
    await Promise.all(
      [prometheus, alertmanager, exporter, ...simulators.values()].map((each) => each.close()),
    );
    rmSync(directory, { recursive: true });
  });

  /** Alerts by target, such as `SoraDown of refusing`: those that ever fired, or those that have resolved since. */
  function toldOf(status: "firing" | "resolved"): Set<string> {
    const last = new Map<string, string>();
    for (const { status: is, labels } of alertmanager.told) last.set(called(labels), is);
    return new Set([...last].flatMap(([name, is]) => (status === "firing" || is === status ? [name] : [])));
  }

  /** What of all that is expected has not been told yet. */
  function missing(status: "firing" | "resolved"): string[] {
    const told = toldOf(status);
    const expected = troubles.flatMap(([target, { alerts }]) =>
      alerts.map((alertname) => called({ alertname, target })),
    );
    return [...expected, called({ alertname: "SoraDown", target: "gone" })].filter((each) => !told.has(each));
  }

  test("hears of each trouble, and that it is over", { timeout: 200_000 }, async () => {
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    expect(toldOf("firing")).toEqual(new Set());

    for (const [name, { change }] of troubles) simulators.get(name)!.world.setScenario(change, Date.now());
    const gone = simulators.get("gone")!;
    await gone.close();
    await expect.poll(() => missing("firing"), { timeout: FIRE_MS, interval: 500 }).toEqual([]);

    for (const [name] of troubles) simulators.get(name)!.world.setScenario({ scenario: "calm" }, Date.now());
    await simulate("gone", Number(new URL(gone.url).port));
    await expect.poll(() => missing("resolved"), { timeout: RESOLVE_MS, interval: 500 }).toEqual([]);
  });

  test("hears of no trouble where there is none, and nothing of levels where Sora tells none", () => {
    const heard = (target: string) =>
      alertmanager.told
        .filter(({ labels }) => labels["target"] === target)
        .map(({ labels }) => labels["alertname"]);
    expect(heard("calm")).toEqual([]);
    const stability = [...rules.values()]
      .flatMap(({ groups }) => groups)
      .find(({ name }) => name === "sora_stability")!
      .rules.map(({ alert }) => alert);
    expect(stability).toContain("UnstableShareHigh");
    expect(heard("silent").filter((name) => stability.includes(name))).toEqual([]);
  });

  test("is told whom it is about, and where to read on", () => {
    const about = (alertname: string, target: string) =>
      alertmanager.told.filter(
        ({ labels }) => labels["alertname"] === alertname && labels["target"] === target,
      );
    for (const { labels, annotations } of alertmanager.told) {
      expect(labels["severity"]).toMatch(/^(warning|critical)$/);
      expect(annotations["runbook_url"]).toMatch(new RegExp(`#${labels["alertname"]!.toLowerCase()}$`));
      expect(`${annotations["summary"]}${annotations["description"]}`).not.toMatch(/<no value>|<error/);
    }
    expect(about("SoraDown", "refusing")[0]!.annotations["summary"]).toContain('"refusing"');
    const [hostile] = about("ChannelUnstable", "everywhere").filter(({ labels }) =>
      labels["channel_id"]!.includes("<"),
    );
    expect(hostile!.labels["channel_id"]).toBe('面接室 "A\\B"\n<img src=x onerror=alert(1)>');
    expect(hostile!.annotations["summary"]).not.toContain("\n");
  });

  test("Prometheus understands every rule, and what is recorded is there", async () => {
    const { groups } = (await prometheus.get("rules")) as {
      groups: { rules: { name: string; type: string; health: string; lastError?: string }[] }[];
    };
    const all = groups.flatMap((group) => group.rules);
    expect(all.length).toBe(
      [...rules.values()].flatMap(({ groups: of }) => of.flatMap((group) => group.rules)).length,
    );
    expect(all.filter(({ health }) => health !== "ok")).toEqual([]);
    for (const { name, type } of all) {
      if (type !== "recording") continue;
      expect([name, (await prometheus.query(`last_over_time(${name}[5m])`)).length > 0]).toEqual([
        name,
        true,
      ]);
    }
  });
});

function called({ alertname, target }: Readonly<Record<string, string>>): string {
  return `${alertname} of ${target}`;
}
