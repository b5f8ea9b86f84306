/** Names and addresses of the cluster's nodes, from the range that is kept for documentation. */

/** Like Sora's own: `sora1@192.0.2.11` for node 0. */
export function nodeName(node: number): string {
  return `sora${node + 1}@${nodeHost(node)}`;
}

/** The address of a node; the first 245 fit into `192.0.2.0/24`, the others go on in `198.51.100.0/24`. */
export function nodeHost(node: number): string {
  return node < 245 ? `192.0.2.${node + 11}` : `198.51.100.${(node - 245) % 256}`;
}
