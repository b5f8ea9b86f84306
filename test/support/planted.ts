/** Secrets that are planted in places, and the search for them in all that a process says. */

import { randomBytes } from "node:crypto";

export interface Planted {
  /** Makes a secret, with characters that URLs and JSON spell otherwise. */
  plant(place: string): string;
  /** Has a text that is there already searched for as well, such as a key in PEM. */
  watch(place: string, secret: string): void;
  /** Which secrets a text holds, in whatever form: their places, and the forms. */
  find(text: string): string[];
}

/** Starts with no secrets. */
export function createPlanted(): Planted {
  const secrets = new Map<string, string>();

  function formsOf(secret: string): (readonly [form: string, text: string])[] {
    // In Base64 a secret looks one of three ways, by what stands before it; ends hold something of their neighbours.
    const inBase64 = [0, 1, 2].flatMap((before) => {
      const text = Buffer.from("x".repeat(before) + secret).toString("base64");
      const inside = text.slice(before === 0 ? 0 : 4, Math.floor((before + secret.length) / 3) * 4);
      return [inside, inside.replaceAll("+", "-").replaceAll("/", "_")];
    });
    return [
      ["plain", secret],
      ["a part", secret.slice(0, 16)],
      ["JSON", JSON.stringify(secret).slice(1, -1)],
      ["URL", encodeURIComponent(secret)],
      ["a part of a URL", encodeURIComponent(secret.slice(0, 16))],
      ["form", new URLSearchParams([["", secret]]).toString().slice(1)],
      ["hex", Buffer.from(secret).toString("hex")],
      ...inBase64.map((text) => ["base64", text] as const),
    ];
  }

  return {
    plant(place) {
      const secret = `p+/${randomBytes(12).toString("hex")}"=${secrets.size}`;
      secrets.set(place, secret);
      return secret;
    },
    watch: (place, secret) => void secrets.set(place, secret),
    find: (text) =>
      [...secrets].flatMap(([place, secret]) =>
        formsOf(secret)
          .filter(([, form]) => text.includes(form))
          .map(([form]) => `${place} (${form})`),
      ),
  };
}
