import fc from "fast-check";
import { expect, test } from "vitest";
import { SlotSet } from "../../src/choice/slot-set.ts";

test("is a set of numbers, however many it holds", () => {
  const step = fc.oneof(
    fc.record({ add: fc.nat(999) }),
    fc.record({ remove: fc.nat(999) }),
    fc.record({ shift: fc.integer({ min: 1, max: 50 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(1024, 4096), (steps, capacity) => {
      const slots = new SlotSet();
      let expected = new Set<number>();
      for (const one of steps) {
        if ("add" in one) {
          slots.add(one.add, capacity);
          expected.add(one.add);
        } else if ("remove" in one) {
          slots.delete(one.remove);
          expected.delete(one.remove);
        } else {
          // Everything moves down; what was below is forgotten.
          const all = Array.from({ length: 1000 }, (_, i) => i).slice(one.shift);
          slots.move(new Map(all.map((i) => [i, i - one.shift])), capacity);
          expected = new Set([...expected].filter((i) => i >= one.shift).map((i) => i - one.shift));
        }
      }
      const bits = slots.bits(capacity);
      for (let i = 0; i < 1000; i++) {
        expect(slots.has(i)).toBe(expected.has(i));
        if (bits !== undefined) expect((bits[i >>> 5]! >>> (i & 31)) & 1).toBe(expected.has(i) ? 1 : 0);
      }
    }),
  );
});
