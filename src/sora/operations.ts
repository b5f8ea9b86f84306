/**
 * The operations of Sora's API that the exporter calls. Each only reads, and the client can call nothing that is
 * not listed here.
 */
export const OPERATIONS = {
  GetStatsAllConnections: "Sora_20171101.GetStatsAllConnections",
  ListConnections: "Sora_20201013.ListConnections",
  GetStatsReport: "Sora_20171010.GetStatsReport",
  ListClusterNodes: "Sora_20211215.ListClusterNodes",
  GetLicense: "Sora_20171218.GetLicense",
  ListStartedRecording: "Sora_20161101.ListStartedRecording",
  ListArchiving: "Sora_20161101.ListArchiving",
} as const;

export type Operation = keyof typeof OPERATIONS;
