/** The nodes of the cluster; one alone is a cluster of one. */

import { nodeHost, nodeName } from "../cluster.ts";
import { reaches } from "./find.ts";
import type { Context, Operations } from "./operation.ts";

/** How long before the world's start the nodes have joined, one after the other; after a restart all join at once. */
const MEMBER_FOR_MS = 86_400_000;

/** What a Sora of each form says it is. */
export const VERSIONS = { 2022: "2022.1.0", 2024: "2024.1.5" } as const;

export const CLUSTER: Operations = {
  "Sora_20211215.ListClusterNodes": (_body, context) =>
    Array.from({ length: context.world.options.nodes }, (_, node) => describe(node, context)),
};

/** A node that is out of reach has a name and nothing else. */
function describe(node: number, context: Context): object {
  const { options, startedMs, restarts } = context.world;
  const { form, startMs } = options;
  const name = form === "2024" ? { node_name: nodeName(node) } : { cluster_node_name: nodeName(node) };
  if (!reaches(context, node)) return { ...name, connected: false };
  const { license } = context.world;
  const memberSince = new Date(restarts === 0 ? startMs - MEMBER_FOR_MS + node * 60_000 : startedMs);
  return {
    cluster_api_url: `http://${nodeHost(node)}:3000/`,
    cluster_signaling_url: `wss://${nodeHost(node)}/signaling`,
    connected: true,
    epoch: 1 + restarts,
    license_max_connections: license.max_connections,
    ...(license.max_nodes === undefined ? {} : { license_max_nodes: license.max_nodes }),
    license_serial_code: license.serial_code,
    license_type: license.type,
    member_since: memberSince.toISOString().replace("Z", "000Z"),
    mode: "normal",
    ...name,
    sora_version: VERSIONS[form],
    temporary_node: false,
  };
}
