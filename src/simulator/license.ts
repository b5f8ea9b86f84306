/** The licence of a simulated Sora, in the keys of `GetLicense`. */

import type { WorldOptions } from "./world.ts";

/** What `GetLicense` answers. */
export interface License {
  /** `YYYY-MM`: it holds to the end of that month. */
  expired_at: string;
  max_connections: number;
  /** There only where the licence is for a cluster. */
  max_nodes?: number;
  product_name: string;
  serial_code: string;
  type: string;
}

/**
 * A licence that is comfortably large for a world.
 *
 * @param years how long after the world's start it holds
 */
export function createLicense(options: WorldOptions, years: number): License {
  const start = new Date(options.startMs);
  const year = start.getUTCFullYear() + years;
  const month = String(start.getUTCMonth() + 1).padStart(2, "0");
  const connections = Math.max(100, Math.ceil((options.connections * 1.5) / 100) * 100);
  return {
    expired_at: `${year}-${month}`,
    max_connections: connections,
    ...(options.nodes > 1 ? { max_nodes: Math.max(3, options.nodes) } : {}),
    product_name: "Sora",
    serial_code: `SIM000-SRA-E${String(years).padStart(3, "0")}-${year}${month}-${connections}`,
    type: "Experimental",
  };
}
