/** The flags of the command line: the schema's keys that hold one value, and the program's own. */
import { SECTIONS } from "./schema.ts";

/** The environment's variables start with this. */
const ENV_PREFIX = "SORA_STATS_EXPORTER_";

/** A flag of the command line. */
export interface Flag {
  /** Without the dashes, such as `sora.body-size-limit`. */
  readonly name: string;
  /** Environment variable that stands for the flag; undefined where there is none. */
  readonly env: string | undefined;
  /** Whether it is a switch, without a value. */
  readonly boolean: boolean;
  /** Whether `--no-NAME` turns it off. */
  readonly negatable: boolean;
  readonly default: string | boolean | undefined;
  readonly description: string;
  /** The key of the file that the flag replaces, and what it allows. */
  readonly setting: { readonly key: SettingKey; readonly schema: SettingSchema } | undefined;
}

/** Section and name of a key that is a flag too. */
export type SettingKey = readonly [section: string, name: string];

type SettingSchema = { [S in keyof typeof SECTIONS]: Values<(typeof SECTIONS)[S]> }[keyof typeof SECTIONS];
type Values<T> = T[keyof T];

/** Every flag, in the order of the help. */
export const FLAGS: readonly Flag[] = [
  option("config.file", false, "Configuration file, in YAML."),
  option("config.check", true, "Check the configuration, then exit."),
  ...Object.entries<Readonly<Record<string, SettingSchema>>>(SECTIONS).flatMap(([section, keys]) =>
    Object.entries(keys).map(([name, schema]) => settingFlag([section, name], schema)),
  ),
  { ...option("version", true, "Print the version, then exit."), env: undefined },
  { ...option("help", true, "Print this help, then exit."), env: undefined },
];

function option(name: string, boolean: boolean, description: string): Flag {
  const env = ENV_PREFIX + name.toUpperCase().replaceAll(/[.-]/g, "_");
  return { name, env, boolean, negatable: false, default: undefined, description, setting: undefined };
}

function settingFlag(key: SettingKey, schema: SettingSchema): Flag {
  const value = schema.def.defaultValue;
  const boolean = typeof value === "boolean";
  const name = key.join(".").replaceAll("_", "-");
  const flag = option(name, boolean, schema.description ?? "");
  return { ...flag, negatable: boolean, default: value, setting: { key, schema } };
}
