import { expect, test } from "vitest";
import { differences } from "./shape.ts";

const FREEDOM = { free: ["labels"], optional: ["limit"], orFalse: ["video"] };

test.each([
  [{ a: 1 }, { a: 2 }, []],
  [{ a: 1 }, { a: "1" }, [".a is string, not number"]],
  [{ a: 1 }, { a: null }, [".a is null, not number"]],
  [{ a: 1 }, {}, [".a is missing"]],
  [{ a: 1 }, { a: 1, b: 1 }, [".b is too much"]],
  [{ a: 1 }, { a: 1, limit: 5 }, []],
  [{ a: 1, limit: 5 }, { a: 1 }, []],
  [{ a: { b: [1] } }, { a: { b: ["x"] } }, [".a.b[0] is string, not number"]],
  [{ a: [1] }, { a: [] }, [".a is empty"]],
  [
    [{ a: 1 }, { b: 1 }],
    [{ b: 2 }, { c: 3 }],
    ["[1].c is too much", "[1].a is missing"],
  ],
  [[], {}, [". is object, not array"]],
  [{ video: { rate: 1 } }, { video: false }, []],
  [{ video: { rate: 1 } }, { video: true }, [".video is boolean, not object"]],
  [{ labels: { x: { n: 1 } } }, { labels: { y: { n: 2 } } }, []],
  [
    { labels: { x: { n: 1 } } },
    { labels: { y: { m: 2 } } },
    [".labels.y.m is too much", ".labels.y.n is missing"],
  ],
])("%j beside %j", (example, actual, expected) => {
  expect(differences(example, actual, FREEDOM)).toEqual(expected);
});
