/** The reading of files that do not answer. */

import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readRegularFile } from "../../src/config/read-file.ts";
import { readInThread } from "../../src/read-in-thread.ts";

test("only a regular file is read", () => {
  expect(() => readRegularFile("/dev/null")).toThrow("not a regular file");
  expect(() => readRegularFile("/")).toThrow("EISDIR");
});

test("a thread that hangs on a file is given up, with the file's name, and the next one is heard", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sora-stats-exporter-"));
  const pipe = join(directory, "pipe");
  execFileSync("mkfifo", [pipe]);
  const script = new URL(
    `data:text/javascript,${encodeURIComponent(`
      import { readFileSync } from "node:fs";
      import { parentPort, workerData } from "node:worker_threads";
      if (workerData !== "") parentPort.postMessage({ reading: workerData });
      parentPort.postMessage({ read: workerData === "" ? "nothing" : readFileSync(workerData, "utf8") });
    `)}`,
  );
  await expect(readInThread(script, pipe, 1000)).rejects.toThrow(`"${pipe}" is not read within 1 s`);
  expect(await readInThread<string>(script, "")).toBe("nothing");
  // The thread can end.
  closeSync(openSync(pipe, "w"));
  rmSync(directory, { recursive: true });
});
