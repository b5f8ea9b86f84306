/** Helm as an operator calls it, and what it renders. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import type { IContainer, IPodSpec } from "kubernetes-models/v1";
import type { RuleFile } from "../support/rules.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const CHART = `${ROOT}helm/sora-stats-exporter`;
/** Files with values, as `ct` calls them. */
export const CI_FILES = readdirSync(`${CHART}/ci`).map((name) => `${CHART}/ci/${name}`);

/** An object of Kubernetes, as far as the tests look into any. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: Spec;
}

type Labels = Readonly<Record<string, string>>;
interface Selector {
  readonly matchLabels: Labels;
  readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[];
}
interface Endpoint {
  readonly port: string;
  readonly path: string;
  readonly scheme?: string;
}

/** What the kinds have that the tests look into; whoever reads it knows the kind. A Service's selector is labels alone. */
interface Spec {
  readonly selector: Selector;
  readonly podSelector: Selector;
  readonly namespaceSelector: { readonly matchNames: readonly string[] };
  readonly ingress: readonly [{ readonly ports: unknown }];
  readonly endpoints: readonly [Endpoint];
  readonly podMetricsEndpoints: readonly [Endpoint];
  readonly ports: readonly [{ readonly name: string; readonly targetPort: string }];
  readonly groups: RuleFile["groups"];
  readonly template: Pod;
}

export interface Pod {
  readonly metadata: { readonly labels: Labels; readonly annotations: Labels };
  readonly spec: IPodSpec;
}

export type Values = Readonly<Record<string, unknown>>;

/** Calls helm; `input` is a file of values where `-f -` names one. */
export async function helm(args: readonly string[], input?: Values) {
  const child = spawn("helm", args, { cwd: ROOT, timeout: 60_000 });
  child.stdin.on("error", () => undefined).end(input === undefined ? "" : JSON.stringify(input));
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { status, stdout, stderr };
}

interface Rendering {
  readonly release?: string;
  readonly chart?: string;
}

/**
 * Renders a chart, as release `rel` unless told otherwise, in namespace `media`.
 *
 * @param values a file's path, or values
 * @returns the objects as YAML
 * @throws Error with what helm says where it refuses
 */
export async function template(
  values: string | Values = {},
  { release = "rel", chart = CHART }: Rendering = {},
): Promise<string> {
  const named = typeof values === "string";
  const { status, stdout, stderr } = await helm(
    ["template", release, chart, "--namespace=media", "-f", named ? values : "-"],
    named ? undefined : values,
  );
  if (status !== 0 || stderr !== "") throw new Error(stderr);
  return stdout;
}

/** The objects that `template` gives. */
export async function render(values?: string | Values, rendering?: Rendering): Promise<KubernetesObject[]> {
  return parseAllDocuments(await template(values, rendering))
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJSON() as KubernetesObject | null;
    })
    .filter((object) => object !== null);
}

/** The only object of a kind, or the one whose name ends like that. */
export function the(objects: readonly KubernetesObject[], kind: string, nameEnd = ""): KubernetesObject {
  const found = objects.filter((object) => object.kind === kind && object.metadata.name.endsWith(nameEnd));
  if (found.length !== 1) throw new Error(`${found.length} objects ${kind} …${nameEnd}`);
  return found[0]!;
}

/** The pod of a Deployment or StatefulSet. */
export function podOf(workload: KubernetesObject): Pod {
  return workload.spec.template;
}

/** The exporter's container, wherever it is. */
export function exporterOf({ spec }: Pick<Pod, "spec">): IContainer {
  const all = [...(spec.initContainers ?? []), ...spec.containers];
  const found = all.filter(({ ports }) => ports?.some(({ name }) => name === "sora-metrics"));
  if (found.length !== 1) throw new Error(`${found.length} containers of the exporter`);
  return found[0]!;
}

/** The configuration file that the exporter gets. */
export function configOf(objects: readonly KubernetesObject[]): string {
  const file = objects.find(({ kind, data }) => kind === "ConfigMap" && data?.["config.yaml"] !== undefined);
  return file!.data!["config.yaml"]!;
}

export const VERSION = (JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as { version: string })
  .version;
