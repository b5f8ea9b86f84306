/** Looks after a property that is tried in a process of its own: an endless loop there would be silent for ever. */

import { fork } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** How a property did. */
export interface Outcome {
  /** How many were tried. */
  inputs: number;
  /** What is wrong, for people; nothing where nothing is. */
  failure?: string;
}

export interface WatchOptions {
  /** Path of a module whose `FUZZES` has the property. */
  readonly module: string;
  readonly name: string;
  readonly seed: number;
  /** How long inputs are tried. */
  readonly limitMs: number;
  /** After so long without a new input it is stuck. */
  readonly patienceMs: number;
}

const TRY = fileURLToPath(new URL("try.ts", import.meta.url));
const LOOK_EVERY_MS = 200;
/** What is shown of an input that it got stuck with; the file has all of it. */
const MAX_SHOWN = 2000;

/** Tries inputs until the time is up, one fails, or nothing moves any more; then the process is ended. */
export async function watchProperty(options: WatchOptions): Promise<Outcome> {
  const { module, name, seed, limitMs, patienceMs } = options;
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-fuzz-"));
  const file = join(directory, "input.json");
  const startMs = Date.now();
  const child = fork(TRY, [module, name, String(seed), String(limitMs), file], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const sent: Outcome[] = [];
  const state = { isStuck: false };
  child.on("message", (message) => sent.push(message as Outcome));
  const looking = setInterval(() => {
    const movedMs = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? startMs;
    if (Date.now() - movedMs <= patienceMs) return;
    state.isStuck = true;
    kill();
  }, LOOK_EVERY_MS);
  const how = await new Promise<string>((resolve) =>
    child.once("close", (code, signal) => resolve(signal ?? `exit code ${code}`)),
  );
  clearInterval(looking);
  process.off("exit", kill);
  const [outcome] = sent;
  if (outcome !== undefined) {
    rmSync(directory, { recursive: true });
    return outcome;
  }
  const what = state.isStuck
    ? `is stuck: nothing has moved for ${patienceMs / 1000} s`
    : `ended its process (${how})`;
  const { inputs, shown } = lastInput(file);
  return { inputs, failure: `${JSON.stringify(name)} ${what}; seed ${seed}, ${inputs} inputs\n${shown}` };
}

function lastInput(file: string): { inputs: number; shown: string } {
  if (statSync(file, { throwIfNoEntry: false }) === undefined)
    return { inputs: 0, shown: "No input had been tried." };
  const text = readFileSync(file, "utf8");
  const lineEnd = text.indexOf("\n");
  const input = text.slice(lineEnd + 1);
  const shown = input.length > MAX_SHOWN ? `${input.slice(0, MAX_SHOWN)}…` : input;
  return { inputs: Number(text.slice(0, lineEnd)), shown: `The last input, in ${file}: ${shown}` };
}
