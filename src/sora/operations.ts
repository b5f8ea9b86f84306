/**
 * The operations of Sora's API that the exporter calls. Each only reads, and the client can call nothing that is
 * not listed here.
 */
export const OPERATIONS = {
  GetStatsAllConnections: "Sora_20171101.GetStatsAllConnections",
} as const;

export type Operation = keyof typeof OPERATIONS;
