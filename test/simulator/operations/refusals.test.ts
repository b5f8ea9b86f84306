/** What is no good request, and how it is refused: HTTP 400 and an `error_type`. */

import { expect, test } from "vitest";
import { OPERATIONS } from "../../../src/simulator/operations/table.ts";
import type { Sora } from "./support.ts";
import { list, startSora } from "./support.ts";

async function refused(sora: Sora, name: string, body: object | string | null): Promise<unknown> {
  const target = Object.keys(OPERATIONS).find((each) => each.endsWith(`.${name}`));
  const { status, json } = await sora.call(target ?? name, body);
  return status === 400 ? (json as { error_type: unknown }).error_type : status;
}

const channel = { channel_id: "sora" };
const connection = { ...channel, connection_id: "C" };
const receiver = { ...channel, recv_connection_id: "R" };
const rids = { spotlight_focus_rid: "r0", spotlight_unfocus_rid: "none" };
const item = { recv_connection_id: "R", send_connection_id: "S", ...rids };

test.each([
  ["DisconnectChannel", {}, "INVALID-CHANNEL-ID"],
  ["DisconnectChannel", { channel_id: "" }, "INVALID-CHANNEL-ID"],
  ["DisconnectChannel", { channel_id: 7 }, "INVALID-CHANNEL-ID"],
  ["DisconnectChannel", { ...channel, reason: "no" }, "INVALID-REASON"],
  ["DisconnectClient", channel, "INVALID-CLIENT-ID"],
  ["DisconnectClient", { client_id: "c" }, "INVALID-CHANNEL-ID"],
  ["DisconnectClient", { ...channel, client_id: "c", reason: [] }, "INVALID-REASON"],
  ["DisconnectConnection", channel, "INVALID-CONNECTION-ID"],
  ["DisconnectConnection", { connection_id: "C" }, "INVALID-CHANNEL-ID"],
  ["DisconnectConnection", { ...connection, reason: null }, "INVALID-REASON"],
  ["DisconnectChannelByRole", { role: "sendrecv" }, "INVALID-CHANNEL-ID"],
  ["DisconnectChannelByRole", { ...channel, role: "both" }, "INVALID-ROLE"],
  ["ListConnections", { local: 1 }, "INVALID-LOCAL"],
  ["ListChannelConnections", {}, "INVALID-CHANNEL-ID"],
  ["ListChannelConnections", { ...channel, local: "no" }, "INVALID-LOCAL"],
  ["RequestRtpStream", { channel_id: "sora", rid: "r0" }, "INVALID-RECV-CONNECTION-ID"],
  ["RequestRtpStream", { ...receiver, rid: "r3" }, "INVALID-RID"],
  ["RequestRtpStream", { ...receiver, rid: "none" }, "INVALID-RID"],
  ["RequestRtpStream", { ...receiver, send_connection_id: null, rid: "r0" }, "INVALID-SEND-CONNECTION-ID"],
  ["ResetRtpStream", channel, "INVALID-RECV-CONNECTION-ID"],
  ["ResetRtpStream", { recv_connection_id: "R" }, "INVALID-CHANNEL-ID"],
  ["FocusSpotlightFixed", channel, "INVALID-CONNECTION-ID"],
  ["FocusSpotlight", { connection_id: "C" }, "INVALID-CHANNEL-ID"],
  ["UnfocusSpotlight", channel, "INVALID-CONNECTION-ID"],
  ["ChangeSpotlightNumber", channel, "INVALID-SPOTLIGHT-NUMBER"],
  ["ChangeSpotlightNumber", { ...channel, spotlight_number: 0 }, "INVALID-SPOTLIGHT-NUMBER"],
  ["ChangeSpotlightNumber", { ...channel, spotlight_number: 9 }, "INVALID-SPOTLIGHT-NUMBER"],
  ["ChangeSpotlightNumber", { ...channel, spotlight_number: 1.5 }, "INVALID-SPOTLIGHT-NUMBER"],
  ["RequestSpotlightRid", { ...receiver, spotlight_unfocus_rid: "r0" }, "INVALID-SPOTLIGHT-FOCUS-RID"],
  ["RequestSpotlightRid", { ...receiver, spotlight_focus_rid: "r0" }, "INVALID-SPOTLIGHT-UNFOCUS-RID"],
  ["RequestSpotlightRid", { ...channel, ...rids }, "INVALID-RECV-CONNECTION-ID"],
  ["ResetSpotlightRid", channel, "INVALID-RECV-CONNECTION-ID"],
  ["BatchRequestSpotlightRid", channel, "INVALID-ITEM-LIST"],
  ["BatchRequestSpotlightRid", { ...channel, item_list: {} }, "INVALID-ITEM-LIST"],
  ["BatchRequestSpotlightRid", { ...channel, item_list: [item, "R"] }, "INVALID-ITEM-LIST"],
  [
    "BatchRequestSpotlightRid",
    { ...channel, item_list: [item, { ...item, spotlight_focus_rid: "r9" }] },
    "INVALID-ITEM-LIST",
  ],
  ["PushChannel", channel, "INVALID-DATA"],
  ["PushChannel", { ...channel, data: "text" }, "INVALID-DATA"],
  ["PushChannel", { data: {} }, "INVALID-CHANNEL-ID"],
  ["PushClient", { ...channel, data: {} }, "INVALID-CLIENT-ID"],
  ["PushConnection", { ...channel, data: {} }, "INVALID-CONNECTION-ID"],
  ["PushChannelByRole", { ...channel, data: {} }, "INVALID-ROLE"],
  ["PushChannelByRole", { ...channel, role: "recvonly", data: [] }, "INVALID-DATA"],
  ["StartRecording", { expire_time: 0 }, "INVALID-CHANNEL-ID"],
  ["StartRecording", channel, "INVALID-EXPIRE-TIME"],
  ["StartRecording", { ...channel, expire_time: -1 }, "INVALID-EXPIRE-TIME"],
  ["StartRecording", { ...channel, expire_time: 86_401 }, "INVALID-EXPIRE-TIME"],
  ["StartRecording", { ...channel, expire_time: "60" }, "INVALID-EXPIRE-TIME"],
  ["StartRecording", { ...channel, expire_time: 0, split_duration: 0 }, "INVALID-SPLIT-DURATION"],
  ["StartRecording", { ...channel, expire_time: 0, split_duration: 86_401 }, "INVALID-SPLIT-DURATION"],
  ["StartRecording", { ...channel, expire_time: 0, split_only: "yes" }, "INVALID-SPLIT-ONLY"],
  ["StartRecording", { ...channel, expire_time: 0, split_only: true }, "INVALID-SPLIT-DURATION"],
  [
    "StartRecording",
    { ...channel, expire_time: 60, split_duration: 60, split_only: true },
    "INVALID-EXPIRE-TIME",
  ],
  ["StartRecording", { ...channel, expire_time: 0, metadata: "text" }, "INVALID-METADATA"],
  ["StopRecording", {}, "INVALID-CHANNEL-ID"],
  ["GetStartedRecording", { channel_id: [] }, "INVALID-CHANNEL-ID"],
  ["GetStatsConnection", channel, "INVALID-CONNECTION-ID"],
  ["GetStatsConnection", connection, "INVALID-CONNECTION-ID"],
  ["GetStatsClient", channel, "INVALID-CLIENT-ID"],
  ["GetStatsAllConnections", { local: null }, "INVALID-LOCAL"],
])("%s %j", async (name, body, errorType) => {
  const sora = await startSora();
  expect(await refused(sora, name, body)).toBe(errorType);
  expect((await list(sora)).length).toBe(sora.simulator.world.members().length);
});

test.each(Object.keys(OPERATIONS))("%s takes a JSON object and nothing else", async (target) => {
  const sora = await startSora();
  for (const body of ["{", "[]", "null", '"sora"', "7"]) {
    expect(await refused(sora, target, body)).toBe("INVALID-JSON-FORMAT");
  }
});

test.each([
  "Sora_20151104.DisconnectEverybody",
  "Sora_20991231.GetLicense",
  "GetLicense",
  "toString",
  "__proto__",
])("there is no %s", async (target) => {
  const sora = await startSora();
  expect(await sora.call(target, {})).toEqual({ status: 400, json: { error_type: "INVALID-TARGET" } });
});

test("a licence file that is missing or broken changes nothing, until it is mended", async () => {
  const sora = await startSora();
  const { world } = sora.simulator;
  const first = await sora.call("Sora_20171218.GetLicense");
  world.setScenario({ scenario: "license-nearly-used-up", licenseFile: "broken" }, world.nowMs);
  const before = await sora.call("Sora_20171218.GetLicense");
  expect(before).not.toEqual(first);
  expect(await refused(sora, "UpdateLicense", null)).toBe("INVALID-LICENSE-FILE");
  expect(await sora.call("Sora_20171218.GetLicense")).toEqual(before);
  world.setScenario({ scenario: "license-nearly-used-up" }, world.nowMs);
  expect(await refused(sora, "UpdateLicense", null)).toBe(200);
  expect(await sora.call("Sora_20171218.GetLicense")).not.toEqual(before);
});
