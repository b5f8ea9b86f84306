/** Placeholder of the reader. */
export function sum(p: usize, n: i32): u32 {
  let s: u32 = 0;
  for (let i = 0; i < n; i++) s += load<u8>(p + i);
  return s;
}
