/** Samples of an exposition. */

/** Lines of a part that are no comments. No value of a label here has a line feed in it. */
export function countSamples(chunk: Uint8Array): number {
  const [LINE_FEED, HASH] = [0x0a, 0x23];
  let lines = 0;
  for (let at = 0; at < chunk.length; lines++) {
    if (chunk[at] === HASH) lines--;
    at = chunk.indexOf(LINE_FEED, at) + 1;
    if (at === 0) throw new Error("a chunk does not end with a line");
  }
  return lines;
}
