/** What `--help` prints. */
import { FLAGS } from "./flags.ts";
import type { Flag } from "./flags.ts";

/** The usage, and every flag with its default, its variable and its description; ends with a line feed. */
export function helpText(): string {
  const heads = FLAGS.map(head);
  const width = Math.max(...heads.map((text) => text.length));
  const lines = FLAGS.flatMap((flag, i) => {
    const [first, ...more] = flag.env === undefined ? [flag.description] : [flag.description, flag.env];
    return [`  ${heads[i]!.padEnd(width)}  ${first}`, ...more.map((text) => " ".repeat(width + 4) + text)];
  });
  return `Usage: sora-stats-exporter [flags]

Prometheus exporter for the per-connection statistics of the WebRTC SFU Sora.

Flags with their defaults, each also read from the variable below it:
${lines.join("\n")}

A flag comes before its variable, the variable before the configuration file, the file before the default.
Several Soras, and headers to send to them, are set in the configuration file.
`;
}

function head(flag: Flag): string {
  if (flag.name === "help") return "-h, --help";
  if (flag.name === "config.file") return "--config.file=PATH";
  if (flag.negatable) return `--[no-]${flag.name} (default: ${flag.default === true ? "yes" : "no"})`;
  return flag.boolean ? `--${flag.name}` : `--${flag.name}=${flag.default ?? ""}`;
}
