/**
 * Identities as Sora's users choose them: plain ones, and some that every consumer has to escape.
 */

import type { Random } from "./prng.ts";
import { below, hash } from "./prng.ts";

/** Crockford's base 32, as in Sora's own ids: no I, L, O, U. */
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

const CHANNELS = [
  "sora",
  "daily-standup",
  "webinar@shiguredo",
  "support-desk",
  "lobby",
  "lecture-101",
  "town-hall",
  "zakuro",
  "design_review",
  "remote-camera-7",
];

/** What breaks a label, a table cell, a query or a terminal when it is not escaped. */
const HOSTILE_CHANNELS = [
  '面接室 "A\\B"\n<img src=x onerror=alert(1)>',
  "line one\nline two",
  'quote " backslash \\ brace } comma ,',
  "<script>alert(1)</script>",
  "$channel_id {{ .Value }} %s `id`",
  "朝会🎥",
];

const USERS = [
  "alice",
  "bob",
  "carol",
  "佐藤",
  'o"brien',
  "camera-1",
  "Zoë",
  "operator",
  "kiosk\\lobby",
  "dave",
];

/** A new id in the form of Sora's connection ids: 26 characters of upper-case base 32. */
export function createId(random: Random): string {
  let id = "";
  for (let at = 0; at < 26; at++) id += ALPHABET.charAt(below(random, 32));
  return id;
}

/**
 * Names of the channels, all different. With three channels or more every third of ten is a hostile one, and the
 * first of those holds every character that needs care.
 *
 * @param count how many
 */
export function channelNames(count: number): string[] {
  return Array.from({ length: count }, (_, channel) => {
    if (count >= 3 && channel % 10 === 2) return numbered(HOSTILE_CHANNELS, Math.floor(channel / 10));
    return numbered(CHANNELS, channel);
  });
}

/** A name that a user chose; two users of one channel may choose the same. */
export function userName(seed: number, slot: number): string {
  return USERS[Math.floor(hash(seed, slot, 0, 61) * USERS.length)] ?? "user";
}

function numbered(names: readonly string[], index: number): string {
  const name = names[index % names.length] ?? "channel";
  const round = Math.floor(index / names.length);
  return round === 0 ? name : `${name}-${round}`;
}
