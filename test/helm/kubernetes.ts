/** Objects against the schemas of Kubernetes and of the Prometheus Operator. */

import ts from "typescript";
import * as operator from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1";
import * as apps from "kubernetes-models/apps/v1";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as policy from "kubernetes-models/policy/v1";
import * as core from "kubernetes-models/v1";
import { type KubernetesObject, ROOT } from "./support.ts";

/** What may also be no good. */
type Checked = Pick<KubernetesObject, "apiVersion" | "kind" | "metadata">;

type Model = new (object: unknown) => { validate(): void };

/** Models by the version that objects name, and where their types are. */
const MODELS: Readonly<Record<string, { from: string; models: Readonly<Record<string, unknown>> }>> = {
  v1: { from: "kubernetes-models/v1", models: core },
  "apps/v1": { from: "kubernetes-models/apps/v1", models: apps },
  "networking.k8s.io/v1": { from: "kubernetes-models/networking.k8s.io/v1", models: networking },
  "policy/v1": { from: "kubernetes-models/policy/v1", models: policy },
  "monitoring.coreos.com/v1": {
    from: "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
    models: operator,
  },
};

/**
 * What is wrong with the objects. The schemas say what is missing or has the wrong form, but know nothing of a field that
 * nobody knows; the types do.
 */
export function problemsOf(objects: readonly Checked[]): string[] {
  return [...objects.flatMap(schemaProblems), ...typeProblems(objects)];
}

function schemaProblems(object: Checked): string[] {
  const Known = MODELS[object.apiVersion]?.models[object.kind] as Model | undefined;
  if (Known === undefined) return [`${object.apiVersion} ${object.kind} is not known`];
  try {
    new Known(object).validate();
    return [];
  } catch (error) {
    return [`${object.kind} ${object.metadata.name}: ${(error as Error).message}`];
  }
}

function typeProblems(objects: readonly Checked[]): string[] {
  const path = `${ROOT}test/helm/objects-in-memory.ts`;
  const source = objects
    .map(({ apiVersion, kind }, i) => {
      const from = JSON.stringify(MODELS[apiVersion]?.from);
      return `export const o${i}: import(${from}).I${kind} =\n${JSON.stringify(objects[i], null, 1)};`;
    })
    .join("\n");
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const fileExists = host.fileExists.bind(host);
  const getSourceFile = host.getSourceFile.bind(host);
  host.fileExists = (name) => name === path || fileExists(name);
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, source, ts.ScriptTarget.ESNext) : getSourceFile(name, ...rest);
  const program = ts.createProgram([path], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}
