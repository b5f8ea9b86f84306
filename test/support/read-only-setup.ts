/** Has every process of a test run record what reaches a Sora; the summary reporter reads it at the end. */

import { openRecording } from "./recording.ts";

/** Before the workers start, which inherit the environment, as does what they start. */
export function setup(): () => void {
  const { recorder, end } = openRecording();
  const options = process.env["NODE_OPTIONS"];
  process.env["NODE_OPTIONS"] = `${options === undefined ? "" : `${options} `}--import=${recorder}`;
  return end;
}
