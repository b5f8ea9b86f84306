/** The flags of the command line: the schema's keys that hold one value, and the program's own. */
import { SECTIONS } from "./schema.ts";

/** The environment's variables start with this. */
const ENV_PREFIX = "SORA_STATS_EXPORTER_";

/** A flag of the command line. */
export interface Flag {
  /** Without the dashes, such as `limits.answer-size`. */
  readonly name: string;
  /** Another name for it, that of the official sora_exporter; undefined where that is the same or has none. */
  readonly alias: string | undefined;
  /** Environment variable that stands for the flag; undefined where there is none. */
  readonly env: string | undefined;
  /** Whether it is a switch, without a value. */
  readonly boolean: boolean;
  /** Whether `--no-NAME` turns it off. */
  readonly negatable: boolean;
  /** What holds without it; undefined where it is nothing, or a list too long to show. */
  readonly default: string | number | boolean | undefined;
  /** What to show in place of a value where there is no default to show. */
  readonly placeholder: string;
  readonly description: string;
  /** The key of the file that the flag replaces, and what it allows. */
  readonly setting: Setting | undefined;
}

/** A key of the file that is a flag too. */
export interface Setting {
  readonly key: SettingKey;
  readonly schema: SettingSchema;
  /** What the file would hold in place of a flag's text; the schema then says whether it is allowed. */
  readonly fromText: (text: string) => SettingValue;
}

/** A value of a key as the file holds it. */
export type SettingValue = string | number | boolean | readonly string[];

/** Section and name of a key that is a flag too. */
export type SettingKey = readonly [section: string, name: string];

type SettingSchema = { [S in keyof typeof SECTIONS]: Values<(typeof SECTIONS)[S]> }[keyof typeof SECTIONS];
type Values<T> = T[keyof T];

/** Names of flags in the official sora_exporter where ours is another. */
const ALIASES: Readonly<Record<string, string>> = { "sora.url": "sora.api-url" };

/** Names of flags that are not those of their keys, as Prometheus and its exporters have them so. */
const NAMES: Readonly<Record<string, string>> = { "web.config-file": "web.config.file" };

/** Every flag, in the order of the help. */
export const FLAGS: readonly Flag[] = [
  { ...option("config.file", false, "Configuration file, in YAML."), placeholder: "PATH" },
  option("config.check", true, "Check the configuration, then exit."),
  ...Object.entries<Readonly<Record<string, SettingSchema>>>(SECTIONS).flatMap(([section, keys]) =>
    Object.entries(keys).map(([name, schema]) => settingFlag([section, name], schema)),
  ),
  {
    ...option(
      "record",
      false,
      "Append each good answer of GetStatsAllConnections to this file, in sorastats' format.",
    ),
    placeholder: "FILE",
  },
  { ...option("version", true, "Print the version, then exit."), env: undefined },
  { ...option("help", true, "Print this help, then exit."), env: undefined },
];

function option(name: string, boolean: boolean, description: string): Flag {
  const env = ENV_PREFIX + name.toUpperCase().replaceAll(/[.-]/g, "_");
  const alias = ALIASES[name];
  return {
    name,
    alias,
    env,
    boolean,
    negatable: false,
    default: undefined,
    placeholder: "",
    description,
    setting: undefined,
  };
}

function settingFlag(key: SettingKey, schema: SettingSchema): Flag {
  const value = schema.def.defaultValue;
  const boolean = typeof value === "boolean";
  const name = key.join(".").replaceAll("_", "-");
  const flag = option(NAMES[name] ?? name, boolean, schema.description ?? "");
  const setting = { key, schema, fromText: textReader(value) };
  if (Array.isArray(value)) return { ...flag, placeholder: "NAME,...", setting };
  if (value === "") return { ...flag, placeholder: "FILE", setting };
  return { ...flag, negatable: boolean, default: value, setting };
}

/** How the text of a flag is read, by the kind of the key's default. What is none of that kind stays a text. */
function textReader(fallback: SettingValue): Setting["fromText"] {
  if (Array.isArray(fallback)) {
    return (text) => (text === "" ? [] : text.split(",").map((item) => item.trim()));
  }
  if (typeof fallback === "number") return (text) => (/^\d+$/.test(text) ? Number(text) : text);
  return (text) => text;
}
