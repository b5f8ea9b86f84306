/** The licence of a simulated Sora, in the keys of `GetLicense`: which one is in use, and which lies in the file. */

import type { Scenario } from "./scenarios.ts";
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

/** The licences of a world. */
export interface Licensing {
  /** The one in use, but for a scenario that shows its own. */
  license: License;
  file: License;
  /** The scenario, as it was begun, in which the file was loaded last: from then on it has no licence of its own. */
  loadedIn: Scenario | null;
}

/** Two licences that are comfortably large for a world: the first is in use, the second lies in the file. */
export function createLicensing(options: WorldOptions): Licensing {
  const connections = Math.max(100, Math.ceil((options.connections * 1.5) / 100) * 100);
  const first = createLicense(options, 1, connections, endAfter(options.startMs, 1));
  return { license: first, file: renew(first, 2, connections, endAfter(options.startMs, 2)), loadedIn: null };
}

/**
 * The licence at a time.
 *
 * @param begun the scenario as it was begun
 * @param scenario the one that is on: that or what has followed it
 */
export function licenseIn(
  { license, loadedIn }: Licensing,
  begun: Scenario,
  { name, sinceMs }: Scenario,
  connections: number,
): License {
  if (name !== "license-nearly-used-up" || begun === loadedIn) return license;
  // Never less than there is room for, as a real Sora would refuse whoever is too many.
  return renew(license, 0, Math.max(1, connections), endAfter(sinceMs, 0));
}

/** Takes the licence from the file into use. */
export function loadLicense(licensing: Licensing, begun: Scenario): void {
  licensing.license = { ...licensing.file };
  licensing.loadedIn = begun;
}

function createLicense(options: WorldOptions, number: number, connections: number, end: string): License {
  return {
    expired_at: end,
    max_connections: connections,
    ...(options.nodes > 1 ? { max_nodes: Math.max(3, options.nodes) } : {}),
    product_name: "Sora",
    serial_code: serialCode(number, connections, end),
    type: "Experimental",
  };
}

function renew(license: License, number: number, connections: number, end: string): License {
  const serial_code = serialCode(number, connections, end);
  return { ...license, expired_at: end, max_connections: connections, serial_code };
}

/** A serial code tells the end and the size of its licence. */
function serialCode(number: number, connections: number, end: string): string {
  return `SIM000-SRA-E${String(number).padStart(3, "0")}-${end.replace("-", "")}-${connections}`;
}

function endAfter(ms: number, years: number): string {
  const from = new Date(ms);
  return `${from.getUTCFullYear() + years}-${String(from.getUTCMonth() + 1).padStart(2, "0")}`;
}
