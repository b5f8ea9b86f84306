/**
 * The simulator's command line: its flags, what each allows, and one clear line about whatever is not allowed.
 */

import { parseArgs } from "node:util";
import type { Form } from "../sora/documented.ts";
import { documentedFields } from "../sora/documented.ts";
import type { Address } from "./listen.ts";
import type { ScenarioName } from "./scenarios.ts";
import { isScenarioName, SCENARIOS } from "./scenarios.ts";

/** What the flags ask for. */
export interface Flags {
  /** Of the nodes 0, 1, ...; at least one, at most as many as there are nodes. */
  addresses: [Address, ...Address[]];
  channels: number;
  connections: number;
  nodes: number;
  seed: number;
  form: Form;
  scenario: ScenarioName;
  /** Fields of the statistics that are left out, such as `network_status.unstable_level`. */
  without: string[];
}

/** What the command line says: to run, to play back a recording, to show the help, or nothing that makes sense. */
export type CommandLine =
  | { do: "run"; flags: Flags }
  | { do: "replay"; address: Address; file: string }
  | { do: "help" }
  | { do: "refuse"; message: string };

const MAX_CHANNELS = 10_000;
/** Twice what the exporter is made for; the answer is 260 MB. */
const MAX_CONNECTIONS = 20_000;
const MAX_NODES = 100;
const MAX_SEED = 4_294_967_295;
const DEFAULTS = {
  listen: "127.0.0.1:3000",
  channels: "5",
  connections: "50",
  nodes: "1",
  seed: "1",
  version: "2024",
  scenario: "normal",
  without: "",
  replay: "",
} as const;

type Name = keyof typeof DEFAULTS;

/** The text for `--help`. */
export const HELP = `A simulator of Sora: answers Sora's API with connections that live, or with a recording of some.

Usage: npm run simulator -- [flags]

  --listen=HOST:PORT   where to listen; port 0 takes a free one (default ${DEFAULTS.listen}). Several with commas
                       between them are the APIs of the first, the second, ... node
  --channels=N         1 to ${MAX_CHANNELS} (default ${DEFAULTS.channels})
  --connections=N      about how many at any time, 0 to ${MAX_CONNECTIONS} (default ${DEFAULTS.connections})
  --nodes=N            nodes of the cluster, 1 to ${MAX_NODES} (default ${DEFAULTS.nodes})
  --seed=N             0 to ${MAX_SEED}; the same seed lives the same life (default ${DEFAULTS.seed})
  --version=FORM       form of the statistics, 2022 or 2024 (default ${DEFAULTS.version})
  --without=FIELDS     fields to leave out of the statistics, with commas between them, as newer versions of Sora may
                       leave out network_status.unstable_level
  --scenario=NAME      what is on from the start, see below (default ${DEFAULTS.scenario})
  --replay=FILE        plays back a recording in the format of sorastats, at its pace; its last record stays. Only
                       --listen goes with it, and only GetStatsAllConnections, GetStatsConnection, GetStatsClient and
                       ListConnections are answered
  --help               this text

Scenarios; while it runs, GET /-/scenario tells which one is on, and POST /-/scenario changes it, with a body such as
{"scenario": "lossy-channel", "channel_id": "sora", "for": "60s"} or {"scenario": "api-slow", "delay": "3s"}.
What ends is followed by calm: after "for", and mass-reconnect, connections-dropped and sfu-restart by themselves.

${Object.entries(SCENARIOS)
  .map(([name, description]) => `  ${name.padEnd(24)}${description}`)
  .join("\n")}

After sfu-restart and connections-dropped the connections come back within some 15 s. With ice-failures they fail
within a minute, are shown as failed for some 11 s more (how long Sora shows them is not documented) and are not
replaced at once. node-lost needs --nodes=2 or more, and for its address to
be reset one address per node in --listen. UpdateLicense cures license-nearly-used-up; with "license_file": "broken"
beside that scenario it fails as long as the scenario lasts.
`;

/**
 * Reads the command line.
 *
 * @param args without node and the script; of a flag that is given twice, the last counts
 * @returns with `refuse`, one line that names the flag and what it allows
 */
export function readFlags(args: readonly string[]): CommandLine {
  const values: Record<Name, string> = { ...DEFAULTS };
  const given = new Set<Name>();
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      ...Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, { type: "string" as const }])),
      help: { type: "boolean" },
    },
  });
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") return refuse(`unexpected argument ${quote(token.value)}: flags only`);
    if (token.name === "help") return { do: "help" };
    if (!isName(token.name)) {
      const known = [...Object.keys(DEFAULTS), "help"].map((name) => `--${name}`).join(", ");
      return refuse(`unknown flag ${quote(token.rawName)}: known are ${known}`);
    }
    values[token.name] = token.value ?? "";
    given.add(token.name);
  }
  return given.has("replay") ? checkReplay(values, given) : check(values);
}

function checkReplay(values: Record<Name, string>, given: ReadonlySet<Name>): CommandLine {
  const useless = [...given].find((name) => name !== "replay" && name !== "listen");
  if (useless !== undefined)
    return refuse(`--${useless} makes no sense with --replay, which plays what was recorded`);
  if (values.replay === "") return refuse("--replay must be the name of a file");
  const address = readAddress(values.listen);
  if (address === undefined)
    return refuse(`--listen must be one ${ADDRESS} with --replay, not ${quote(values.listen)}`);
  return { do: "replay", address, file: values.replay };
}

const ADDRESS = "HOST:PORT with a port of 0 to 65535";

function readAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:,\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || port > 65_535 ? undefined : { host, port };
}

function check(values: Record<Name, string>): CommandLine {
  const addresses: Address[] = [];
  for (const text of values.listen.split(",")) {
    const address = readAddress(text);
    if (address === undefined) return refuse(`--listen must be ${ADDRESS}, not ${quote(text)}`);
    addresses.push(address);
  }
  const channels = integer(values.channels, 1, MAX_CHANNELS);
  if (channels === undefined) return wrong("channels", values, `an integer from 1 to ${MAX_CHANNELS}`);
  const connections = integer(values.connections, 0, MAX_CONNECTIONS);
  if (connections === undefined)
    return wrong("connections", values, `an integer from 0 to ${MAX_CONNECTIONS}`);
  const nodes = integer(values.nodes, 1, MAX_NODES);
  if (nodes === undefined) return wrong("nodes", values, `an integer from 1 to ${MAX_NODES}`);
  if (addresses.length > nodes)
    return refuse(`--listen has ${addresses.length} addresses, more than nodes (--nodes=${nodes})`);
  const seed = integer(values.seed, 0, MAX_SEED);
  if (seed === undefined) return wrong("seed", values, `an integer from 0 to ${MAX_SEED}`);
  const form = values.version;
  if (form !== "2022" && form !== "2024") return wrong("version", values, "2022 or 2024");
  const { scenario } = values;
  if (!isScenarioName(scenario))
    return wrong("scenario", values, `one of ${Object.keys(SCENARIOS).join(", ")}`);
  if (scenario === "node-lost" && nodes === 1) return refuse("--scenario=node-lost needs --nodes=2 or more");
  const without = values.without === "" ? [] : values.without.split(",");
  const unknown = without.find((field) => !isOmittable(field, form));
  if (unknown !== undefined)
    return refuse(
      `--without must name fields of a section, such as network_status.unstable_level, not ${quote(unknown)}`,
    );
  const [first, ...others] = addresses;
  const listen: Flags["addresses"] = [first!, ...others];
  return {
    do: "run",
    flags: { addresses: listen, channels, connections, nodes, seed, form, scenario, without },
  };
}

function isOmittable(field: string, form: Form): boolean {
  return field.split(".").length === 2 && documentedFields(form).includes(field);
}

function integer(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

function wrong(name: Name, values: Record<Name, string>, allowed: string): CommandLine {
  return refuse(`--${name} must be ${allowed}, not ${quote(values[name])}`);
}

function refuse(message: string): CommandLine {
  return { do: "refuse", message };
}

function isName(name: string): name is Name {
  return Object.hasOwn(DEFAULTS, name);
}

/** Quoted, so that the message stays one line whatever was typed. */
function quote(text: string): string {
  return JSON.stringify(text);
}
