/**
 * Media: what a connection sends to Sora, what Sora sends to it, and the sections `rtp`, `rtp_hdr_ext` and `simulcast`
 * that count it.
 */

import { amount, chance, next } from "./prng.ts";
import type { Rid } from "./requests.ts";
import { askedBytes, demandFor } from "./requests.ts";
import type { Layer } from "./sections.ts";
import { talksIn, windowAt } from "./spotlight.ts";
import type { Channel, Connection, Tick } from "./state.ts";
import { FORGOTTEN, LOSS } from "./state.ts";
import type { Level } from "./weather.ts";

/** RTP packets of one tick, for the parts that follow from them. */
export interface Media {
  received: number;
  receivedVideo: number;
  /** Lost on the way to Sora, and asked for again. */
  receivedLost: number;
  sent: number;
  sentVideo: number;
  /** Lost on the way to the client. */
  sentLost: number;
  /** Of those, what Sora still had and sent again. */
  resent: number;
  sentBytes: number;
}

const AUDIO_PER_SECOND = 50;
const AUDIO_BYTES = 98;
const VIDEO_BYTES = 1_080;
/** What a sender still sends at each level of trouble. */
const SENDING_RATE: Readonly<Record<Level, number>> = { 0: 1, 1: 0.8, 2: 0.5, 3: 0.3 };
const LOW_SHARE = 0.08;
const MID_SHARE = 0.27;
const HIGH_SHARE = 0.65;
/** Above so many videos a receiver takes the middle layer of each. */
const MANY_VIDEOS = 4;

/** Sets what a connection sends in this tick, from its plan and its network. */
export function offerMedia(connection: Connection): void {
  const { plan, network, offer } = connection;
  offer.audio = plan.sends ? AUDIO_PER_SECOND * network.up : 0;
  const bytes = plan.videoKbps * 125 * SENDING_RATE[network.level] * network.up;
  offer.low = plan.simulcast ? bytes * LOW_SHARE : bytes;
  offer.mid = !plan.simulcast ? bytes : network.level < 3 ? bytes * MID_SHARE : offer.low;
  offer.high = !plan.simulcast ? bytes : network.level < 2 ? bytes * HIGH_SHARE : offer.mid;
}

/** Counts the RTP of one tick in both directions. */
export function advanceRtp(connection: Connection, channel: Channel, tick: Tick): Media {
  const media: Media = {
    received: 0,
    receivedVideo: 0,
    receivedLost: 0,
    sent: 0,
    sentVideo: 0,
    sentLost: 0,
    resent: 0,
    sentBytes: 0,
  };
  if (connection.plan.sends) {
    receiveAudio(connection, channel, tick, media);
    if (connection.plan.videoCodec !== null) receiveVideo(connection, channel, media);
  }
  if (connection.plan.receives) sendMedia(connection, channel, media);
  return media;
}

function receiveAudio(connection: Connection, channel: Channel, tick: Tick, media: Media): void {
  const { plan, random, network, sections } = connection;
  const { rtp, rtp_hdr_ext: extensions } = sections;
  const packets = amount(random, connection.offer.audio * (1 - LOSS[network.level]));
  const talks = talksIn(plan, windowAt(tick.index));
  const skipped = channel.receivers === 0 ? packets : talks ? 0 : Math.floor(packets / 3);
  rtp.total_received_rtp += packets;
  rtp.total_received_rtp_byte_size += packets * (plan.red ? AUDIO_BYTES * 2 - 12 : AUDIO_BYTES);
  if (plan.red) rtp.total_received_rtp_red += packets;
  if (talks) rtp.total_received_sounding_rtp += packets;
  rtp.total_decrypt_skipped_audio_srtp += skipped;
  rtp.total_decrypt_skipped_srtp += skipped;
  extensions.total_received_rtp_hdr_ext_audio_level += packets;
  extensions.total_received_rtp_hdr_ext_sdes_mid += packets;
  extensions.total_received_rtp_hdr_ext_abs_send_time += packets;
  if (plan.transportWide) extensions.total_received_rtp_hdr_ext_transport_wide_cc += packets;
  media.received += packets;
}

function receiveVideo(connection: Connection, channel: Channel, media: Media): void {
  const { plan, offer, network, sections } = connection;
  const { byDefault, asked, particular } = demandFor(connection, channel);
  if (!plan.simulcast) {
    receiveStream(connection, offer.low, !byDefault && asked.size === 0, media, null);
    return;
  }
  const many = channel.videos > MANY_VIDEOS;
  const wanted = {
    r0: asked.has("r0") || (byDefault && channel.lossy),
    r1: asked.has("r1") || (byDefault && many),
    r2: asked.has("r2") || (byDefault && !many),
  };
  // That a layer is paused which nobody takes, where all have asked for layers by the API, is a choice of this simulator:
  // so that a request shows in which layer grows. What Sora chooses for itself pauses nothing.
  const isSent = (rid: Rid): boolean => wanted[rid] || !particular;
  const { r0, r1, r2 } = sections.simulcast;
  if (isSent("r0")) receiveStream(connection, offer.low, !wanted.r0, media, r0);
  if (network.level < 3 && isSent("r1")) receiveStream(connection, offer.mid, !wanted.r1, media, r1);
  if (network.level < 2 && isSent("r2")) receiveStream(connection, offer.high, !wanted.r2, media, r2);
}

/** Counts one stream of video in the connection's totals, and in those of its layer if it has one. */
function receiveStream(
  connection: Connection,
  bytesPerSecond: number,
  unwanted: boolean,
  media: Media,
  layer: Layer | null,
): void {
  const { plan, random, network, sections } = connection;
  const { rtp, rtp_hdr_ext: extensions } = sections;
  const offered = amount(random, (bytesPerSecond / VIDEO_BYTES) * (0.9 + 0.2 * next(random)));
  const lost = Math.min(offered, amount(random, offered * LOSS[network.level]));
  const again = amount(random, lost * 0.85);
  const padding = chance(random, 0.04) ? 5 : 0;
  const packets = offered - lost + again + padding;
  const paddingBytes = padding * 255;
  const bytes =
    Math.floor((offered - lost + again) * VIDEO_BYTES * (0.97 + 0.06 * next(random))) + paddingBytes;
  const key = packets > 0 && chance(random, network.level > 1 ? 0.3 : 0.08) ? 1 : 0;
  const skipped = unwanted ? packets : 0;
  const corrected = plan.ulpfec ? Math.floor(packets / 10) : 0;
  rtp.total_received_rtp += packets;
  rtp.total_received_rtp_byte_size += bytes;
  rtp.total_received_rtp_rtx += again;
  rtp.total_received_rtp_padding += padding;
  rtp.total_received_rtp_padding_size += paddingBytes;
  rtp.total_received_intra_frame += key;
  rtp.total_decrypt_skipped_video_srtp += skipped;
  rtp.total_decrypt_skipped_srtp += skipped;
  if (plan.ulpfec) {
    rtp.total_received_rtp_red += packets - again;
    rtp.total_received_rtp_red_rtx += again;
    rtp.total_received_rtp_red_ulpfec += corrected;
    rtp.total_ulpfec_recovered += Math.min(lost - Math.min(lost, again), corrected);
  }
  extensions.total_received_rtp_hdr_ext_abs_send_time += packets;
  extensions.total_received_rtp_hdr_ext_sdes_mid += packets;
  if (plan.transportWide) extensions.total_received_rtp_hdr_ext_transport_wide_cc += packets;
  if (plan.videoCodec === "AV1") extensions.total_received_rtp_hdr_ext_av1_rtp_sepc += packets;
  extensions.total_received_rtp_hdr_ext_video_orientation += key;
  extensions.total_received_rtp_hdr_ext_video_content_type += key;
  extensions.total_received_rtp_hdr_ext_video_timeing += key;
  if (plan.videoCodec === "VP9") extensions.total_received_rtp_hdr_ext_color_space += key;
  media.received += packets;
  media.receivedVideo += packets;
  media.receivedLost += lost;
  if (layer === null) return;
  extensions.total_received_rtp_hdr_ext_sdes_rtp_stream_id += packets - again;
  extensions.total_received_rtp_hdr_ext_sdes_repaired_rtp_stream_id += again;
  countLayer(layer, connection, { packets, bytes, again, padding, paddingBytes, skipped, corrected, key });
}

function countLayer(
  { rtp, rtp_hdr_ext: extensions }: Layer,
  { plan }: Connection,
  stream: Record<
    "packets" | "bytes" | "again" | "padding" | "paddingBytes" | "skipped" | "corrected" | "key",
    number
  >,
): void {
  const { packets, again, key } = stream;
  rtp.total_received_rtp += packets;
  rtp.total_received_rtp_byte_size += stream.bytes;
  rtp.total_received_rtp_rtx += again;
  rtp.total_received_rtp_padding += stream.padding;
  rtp.total_received_rtp_padding_size += stream.paddingBytes;
  rtp.total_decrypt_skipped_srtp += stream.skipped;
  if (plan.ulpfec) {
    rtp.total_received_rtp_red += packets - again;
    rtp.total_received_rtp_red_rtx += again;
    rtp.total_received_rtp_red_ulpfec += stream.corrected;
  }
  extensions.total_received_rtp_hdr_ext_abs_send_time += packets;
  extensions.total_received_rtp_hdr_ext_sdes_mid += packets;
  if (plan.transportWide) extensions.total_received_rtp_hdr_ext_transport_wide_cc += packets;
  if (plan.videoCodec === "AV1") extensions.total_received_rtp_hdr_ext_av1_rtp_sepc += packets;
  extensions.total_received_rtp_hdr_ext_sdes_rtp_stream_id += packets - again;
  extensions.total_received_rtp_hdr_ext_sdes_repaired_rtp_stream_id += again;
  extensions.total_received_rtp_hdr_ext_video_orientation += key;
  extensions.total_received_rtp_hdr_ext_video_content_type += key;
  extensions.total_received_rtp_hdr_ext_video_timeing += key;
  if (plan.videoCodec === "VP9") extensions.total_received_rtp_hdr_ext_color_space += key;
}

/** A receiver gets what the other senders of its channel offer, in the quality that it can take. */
function sendMedia(connection: Connection, channel: Channel, media: Media): void {
  const { plan, random, network, sections, offer } = connection;
  const { rtp, rtp_hdr_ext: extensions } = sections;
  const quality = network.level >= 2 ? "low" : channel.videos > MANY_VIDEOS ? "mid" : "high";
  const audio = amount(random, Math.max(0, channel.offer.audio - offer.audio) * network.up);
  const offered =
    connection.requests === null
      ? Math.max(0, channel.offer[quality] - offer[quality])
      : askedBytes(connection, channel, quality);
  const videoBytes = offered * network.up;
  const video = amount(random, (videoBytes / VIDEO_BYTES) * (0.95 + 0.1 * next(random)));
  const lost = Math.min(video, amount(random, video * LOSS[network.level]));
  const resent = lost - amount(random, lost * FORGOTTEN[network.level]);
  const packets = audio + video + resent;
  const bytes =
    audio * AUDIO_BYTES + Math.floor((video + resent) * VIDEO_BYTES * (0.97 + 0.06 * next(random)));
  rtp.total_sent_rtp += packets;
  rtp.total_sent_rtp_byte_size += bytes;
  extensions.total_sent_rtp_hdr_ext_audio_level += audio;
  extensions.total_sent_rtp_hdr_ext_sdes_mid += packets;
  extensions.total_sent_rtp_hdr_ext_playout_delay += Math.floor(video / 30);
  if (plan.transportWide) extensions.total_sent_rtp_hdr_ext_transport_wide_cc += packets;
  else extensions.total_sent_rtp_hdr_ext_abs_send_time += packets;
  media.sent = packets;
  media.sentVideo = video;
  media.sentLost = lost;
  media.resent = resent;
  media.sentBytes = bytes;
}
