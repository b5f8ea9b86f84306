/** Groups of the calls besides GetStatsAllConnections. A file of its own, as the main thread makes no calls. */

/** What a scrape may ask for a part of: calls whose metrics belong together. */
export const GROUPS = ["connections", "report", "cluster", "license", "recording"] as const;
export type Group = (typeof GROUPS)[number];
