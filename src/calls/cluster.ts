/** ListClusterNodes: the nodes of the cluster, as the asked node sees them. */

import { Draft, type Drafted } from "../snapshot/draft.ts";
import { toLabelValue } from "../snapshot/label-value.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { AnswerContext, CallMetric } from "./call-metric.ts";
import { forEachNamed } from "./elements.ts";

export const CLUSTER_NODE: CallMetric = {
  name: "sora_cluster_node",
  type: "gauge",
  help: "Whether a node is connected to the cluster (1) or not (0)",
  labels: ["node_name", "mode", "node_type"],
  sora: "`connected`, by `node_name` (older: `cluster_node_name`), `mode` and `temporary_node`",
};

/** Whether each node is connected, in the order of the answer, as the snapshots of a target say; undefined where none does. */
export function readClusterNodes(
  snapshots: readonly Snapshot[],
): { readonly name: string; readonly connected: boolean }[] | undefined {
  const family = snapshots.flatMap(({ families }) => families).find(({ name }) => name === CLUSTER_NODE.name);
  return family?.columns.flatMap(({ values, entryLabels = [] }) =>
    entryLabels.map((labels, i) => ({
      name: labels.find(([label]) => label === "node_name")?.[1] ?? "",
      connected: values[i] === 1,
    })),
  );
}

/** @param nodes answer of ListClusterNodes; what is malformed in it is left out and counted */
export function draftClusterNodes(nodes: readonly unknown[], { target, timeMs }: AnswerContext): Drafted {
  const draft = new Draft(target, timeMs);
  forEachNamed(nodes, ["node_name", "cluster_node_name"], draft, (node, name, where) => {
    const { connected, mode, temporary_node: temporary } = node;
    if (typeof connected !== "boolean") {
      draft.reject("malformed", `${where}: connected`);
      return;
    }
    draft.add(CLUSTER_NODE, connected ? 1 : 0, [
      ["node_name", name],
      ["mode", toLabelValue(mode)],
      ["node_type", temporary === true ? "temporary" : "regular"],
    ]);
  });
  return draft.finish();
}
