/** What the metrics tell of who a connection is. */
import { INFO_LABELS } from "./config.ts";
import type { InfoConfig } from "./config.ts";
import type { Problem } from "./errors.ts";
import { resolveSecret } from "./secrets.ts";
import type { SecretSources } from "./secrets.ts";
import type { Settings } from "./schema.ts";

const KEY_PATH = ["metrics", "client_id_key"];

/** Puts together the section `metrics`; `report` is told what is wrong, never the key. */
export function resolveInfo(
  { info_labels: given, client_id: clientId, client_id_key: source }: Settings["metrics"],
  sources: SecretSources,
  report: (problem: Problem) => void,
): InfoConfig {
  const labels = INFO_LABELS.filter(
    (label) => given.includes(label) && !(label === "client_id" && clientId === "omit"),
  );
  if (clientId !== "hash") {
    if (source !== undefined) {
      report({ path: KEY_PATH, message: "may only be set with metrics.client_id: hash" });
    }
    return { labels, clientIdHash: undefined };
  }
  if (source === undefined) return { labels, clientIdHash: { key: undefined } };

  const found = resolveSecret(source, (key) => (key === "" ? "is empty" : undefined), sources);
  if ("problem" in found) {
    report({ path: KEY_PATH, message: found.problem });
    return { labels, clientIdHash: { key: undefined } };
  }
  // Read once: with another key every client would become another one.
  return { labels, clientIdHash: { key: found.value } };
}
