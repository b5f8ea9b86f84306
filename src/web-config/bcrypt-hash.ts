/** The form of bcrypt hashes. */

/** By what power of two a hash is costly. */
export function costOf(hash: string): number {
  return Number(hash.slice(4, 6));
}

/** A hash that no password is known for. */
export function hashOfNobody(cost: number): string {
  return `$2b$${String(cost).padStart(2, "0")}$${".".repeat(53)}`;
}
