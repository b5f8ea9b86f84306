/** What `--help` prints. */
import { FLAGS } from "./flags.ts";
import type { Flag } from "./flags.ts";

const COLUMNS = 110;

/** The usage, and every flag with its default, its variable and its description; ends with a line feed. */
export function helpText(): string {
  const heads = FLAGS.map(head);
  const width = Math.max(...heads.map((text) => text.length));
  const lines = FLAGS.flatMap((flag, i) => {
    const [first, ...more] = body(flag, COLUMNS - width - 4);
    return [`  ${heads[i]!.padEnd(width)}  ${first}`, ...more.map((text) => " ".repeat(width + 4) + text)];
  });
  return `Usage: sora-stats-exporter [flags]

Prometheus exporter for the per-connection statistics of the WebRTC SFU Sora.

Flags with their defaults, each also read from the variable below it; switches are off unless set:
${lines.join("\n")}

A flag comes before its variable, the variable before the configuration file, the file before the default.
Several Soras, and TLS, passwords and headers for them, are set in the configuration file.
`;
}

function head(flag: Flag): string {
  if (flag.name === "help") return "-h, --help";
  if (flag.negatable) return `--[no-]${flag.name}`;
  return flag.boolean ? `--${flag.name}` : `--${flag.name}=${flag.default ?? flag.placeholder}`;
}

function body({ description, env, alias }: Flag, width: number): string[] {
  const lines = wrap(description, width);
  if (env !== undefined) lines.push(env);
  if (alias !== undefined) lines.push(`Also --${alias}, as sora_exporter calls it.`);
  return lines;
}

/** Breaks a text between its words. */
function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
