/**
 * The chart's values.schema.json. Types are those of the defaults in values.yaml, and what is known better is below. It is
 * in draft 7, which every Helm 3 reads, and its patterns are Go's, which cannot look ahead.
 */

import type { Value } from "./values.ts";

export type Schema = Readonly<Record<string, unknown>>;

/** What an amount of a resource is written like. */
const QUANTITY: Schema = {
  anyOf: [
    { type: "number", exclusiveMinimum: 0 },
    { type: "string", pattern: "^[0-9]+(\\.[0-9]+)?([num]|k|[KMGTPE]i?)?$" },
  ],
};
const QUANTITIES: Schema = { type: "object", additionalProperties: QUANTITY };
const STRINGS: Schema = { type: "object", additionalProperties: { type: "string" } };
const OBJECTS: Schema = { type: "array", items: { type: "object" } };
const NAMED: Schema = { type: "array", items: { type: "object", required: ["name"] } };
const TEXTS: Schema = { type: "array", items: { type: "string", minLength: 1 } };
const KEY_OF_SECRET: Schema = closed(
  { name: { type: "string" }, key: { type: "string", minLength: 1 }, optional: { type: "boolean" } },
  ["key"],
);
const NAME: Schema = { type: "string", pattern: "^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$", maxLength: 63 };
const DURATION: Schema = { type: "string", pattern: "^([0-9]+(ms|[smhdwy]))*$" };
const TIMING: Schema = closed({
  initialDelaySeconds: { type: "integer", minimum: 0 },
  periodSeconds: { type: "integer", minimum: 1 },
  timeoutSeconds: { type: "integer", minimum: 1 },
  successThreshold: { type: "integer", minimum: 1 },
  failureThreshold: { type: "integer", minimum: 1 },
});

/** By the value's path, or its last key. */
const KNOWN: Readonly<Record<string, Schema>> = {
  mode: { enum: ["deployment", "sidecar"] },
  // A Service begins with a letter.
  fullnameOverride: { ...NAME, pattern: "^([a-z]([-a-z0-9]*[a-z0-9])?)?$" },
  nameOverride: NAME,
  namespaceOverride: NAME,
  namespace: NAME,
  commonLabels: STRINGS,
  annotations: STRINGS,
  labels: STRINGS,
  podAnnotations: STRINGS,
  podLabels: STRINGS,
  nodeSelector: STRINGS,
  additionalRuleLabels: STRINGS,
  selectorLabels: STRINGS,
  "image.repository": { type: "string", pattern: "^[a-z0-9][a-z0-9._/-]*$" },
  "image.tag": { type: "string", pattern: "^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$" },
  "image.digest": { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
  "image.pullPolicy": { enum: ["Always", "IfNotPresent", "Never"] },
  imagePullSecrets: {
    type: "array",
    items: { anyOf: [{ type: "string" }, closed({ name: { type: "string" } }, ["name"])] },
  },
  extraSecretMounts: {
    type: "array",
    items: closed(
      {
        name: { ...NAME, minLength: 1 },
        mountPath: { type: "string", pattern: "^/" },
        secretName: { type: "string", minLength: 1 },
        defaultMode: { type: "integer", minimum: 0, maximum: 511 },
        items: { type: "array", items: { type: "object", required: ["key", "path"] } },
      },
      ["name", "mountPath", "secretName"],
    ),
  },
  extraArgs: { type: "array", items: { type: "string", pattern: "^--" } },
  extraEnv: NAMED,
  extraVolumes: NAMED,
  extraVolumeMounts: { type: "array", items: { type: "object", required: ["name", "mountPath"] } },
  extraManifests: { type: "array", items: { type: ["object", "string"] } },
  disabledAlerts: { type: "array", items: { type: "string" }, uniqueItems: true },
  livenessProbe: TIMING,
  readinessProbe: TIMING,
  startupProbe: TIMING,
  extraContainers: NAMED,
  extraInitContainers: NAMED,
  resources: closed({
    requests: QUANTITIES,
    limits: QUANTITIES,
    claims: { type: "array", items: { type: "object", required: ["name"] } },
  }),
  dnsPolicy: { enum: ["", "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"] },
  dnsConfig: closed({
    nameservers: TEXTS,
    searches: TEXTS,
    options: { type: "array", items: { type: "object", required: ["name"] } },
  }),
  "webConfig.existingSecret": { ...NAME, maxLength: 253, pattern: "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$" },
  "webConfig.key": { type: "string", pattern: "^[-._a-zA-Z0-9]+$" },
  scheme: { enum: ["", "http", "https"] },
  basicAuth: closed({ username: KEY_OF_SECRET, password: KEY_OF_SECRET }),
  targetLabels: TEXTS,
  podTargetLabels: TEXTS,
  "service.type": { enum: ["ClusterIP", "NodePort", "LoadBalancer"] },
  "service.nodePort": { type: "integer", minimum: 0, maximum: 65_535 },
  "service.port": { type: "integer", minimum: 1, maximum: 65_535 },
  interval: DURATION,
  scrapeTimeout: DURATION,
};

/**
 * @param values the chart's
 * @param config schema of the exporter's configuration file
 */
export function valuesSchema(values: readonly Value[], config: Schema): Schema {
  const properties: Properties = {};
  for (const { path, description, fallback } of values) {
    const key = path.join(".");
    const known = KNOWN[key] ?? KNOWN[path.at(-1)!] ?? typeOf(fallback);
    const own = key === "config" ? fit(config) : known;
    put(properties, path, { ...own, description }, isNeeded(fallback));
  }
  // What a chart that depends on this one may switch it on by.
  properties["enabled"] = { type: "boolean", description: "For the condition of a dependency." };
  const needed = values.flatMap(({ path: [key], path, fallback }) =>
    path.length > 1 || isNeeded(fallback) ? [key!] : [],
  );
  return { $schema: "http://json-schema.org/draft-07/schema#", ...closed(properties, [...new Set(needed)]) };
}

/**
 * Whether a value may not be emptied: where there is a default, and for maps of values, which templates reach into.
 * `null` in place of a value takes it away, and what templates would say of that nobody understands.
 */
function isNeeded(fallback: unknown): boolean {
  return fallback !== "" && typeof fallback !== "object";
}

type Properties = Record<string, Schema>;
type Inner = { readonly properties?: Properties; readonly required?: readonly string[] };

function closed(properties: Readonly<Properties>, required: readonly string[] = []): Schema {
  return {
    type: "object",
    ...(required.length === 0 ? {} : { required }),
    properties,
    additionalProperties: false,
  };
}

function put(properties: Properties, [key, next]: readonly string[], schema: Schema, needed: boolean): void {
  if (next === undefined) {
    properties[key!] = schema;
    return;
  }
  const { properties: inner = {}, required = [] } = (properties[key!] ?? {}) as Inner;
  properties[key!] = closed({ ...inner, [next]: schema }, needed ? [...required, next] : required);
}

function typeOf(value: unknown): Schema {
  if (Array.isArray(value)) return OBJECTS;
  switch (typeof value) {
    case "number":
      return { type: "integer", minimum: 0 };
    case "string":
    case "boolean":
    case "object":
      return { type: typeof value };
    default:
      throw new Error(`no type for ${String(value)}`);
  }
}

/** A schema in the words of draft 7, for Go, and without the defaults, which are the exporter's to know. */
function fit(value: unknown): Schema {
  const walk = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(
      Object.entries(part)
        .filter(([key]) => key !== "$schema" && key !== "default")
        .flatMap(([key, inner]) =>
          key === "pattern" && typeof inner === "string"
            ? Object.entries(fitPattern(inner))
            : [[key, walk(inner)]],
        ),
    );
  };
  return walk(value) as Schema;
}

/** `^(?=\d)` in front of parts that may all be missing says that one is there. */
function fitPattern(pattern: string): Schema {
  const ahead = "^(?=\\d)";
  const fitted = pattern.startsWith(ahead)
    ? { pattern: `^${pattern.slice(ahead.length)}`, minLength: 1 }
    : { pattern };
  if (/\(\?[=!<]/.test(fitted.pattern)) throw new Error(`Go does not know the pattern ${pattern}`);
  return fitted;
}
