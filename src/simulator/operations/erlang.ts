/** The section `erlang_vm` of the report: sizes that follow the load, and counters that follow the traffic. */

import type { Totals } from "./stats-report.ts";

const SCHEDULERS = 4;
const MIB = 1_048_576;
/** Work that a packet, and a second, takes. */
const REDUCTIONS = { packet: 420, second: 150_000 };

/** The section. What it says "since the last call" is since the last report, whoever asked for it, as with Sora. */
export function describeErlang(totals: Totals): object {
  const { ledger, traffic, ongoing, upMs } = totals;
  const seconds = Math.floor(upMs / 1_000);
  const packets = traffic.receivedSrtp + traffic.sentSrtp + traffic.receivedSctp + traffic.sentSctp;
  const reductions = packets * REDUCTIONS.packet + seconds * REDUCTIONS.second;
  const runtimeMs = Math.floor(packets / 90) + seconds * 12;
  const last = { ...ledger.lastCall };
  ledger.lastCall = { reductions, runtimeMs, wallClockMs: upMs };
  return {
    memory: describeMemory(ongoing),
    statistics: {
      active_tasks_all: Array.from({ length: SCHEDULERS }, (_, at) => activeTasks(ongoing, at)),
      context_switches: Math.floor(packets / 3) + seconds * 90,
      exact_reductions: {
        exact_reductions_since_last_call: reductions - last.reductions,
        total_exact_reductions: reductions,
      },
      garbage_collection: {
        number_of_gcs: Math.floor(packets / 40) + seconds * 5,
        words_reclaimed: packets * 60 + seconds * 9_000,
      },
      io: {
        input: traffic.receivedSrtpBytes + traffic.receivedSctpBytes,
        output: traffic.sentSrtpBytes + traffic.sentSctpBytes,
      },
      reductions: {
        reductions_since_last_call: reductions - last.reductions,
        total_reductions: reductions,
      },
      run_queue: Math.floor(ongoing / 500),
      runtime: { time_since_last_call: runtimeMs - last.runtimeMs, total_run_time: runtimeMs },
      wall_clock: {
        total_wallclock_time: upMs,
        wallclock_time_since_last_call: upMs - last.wallClockMs,
      },
    },
  };
}

/** Bytes; `total` is `processes` and `system`, and the others are parts of those. */
function describeMemory(connections: number): object {
  const processes = 24 * MIB + connections * 210_000;
  const binary = 6 * MIB + connections * 64_000;
  const parts = { atom: 1_048_577, binary, code: 28 * MIB, ets: 4 * MIB + connections * 9_000 };
  const system = 18 * MIB + Object.values(parts).reduce((sum, part) => sum + part);
  return {
    ...parts,
    atom_used: 1_021_337,
    processes,
    processes_used: processes - 4_096,
    system,
    total: processes + system,
  };
}

function activeTasks(connections: number, scheduler: number): number {
  return Math.floor((connections + scheduler * 37) / 100) % (scheduler + 2);
}
