/**
 * RTCP between Sora and a connection: reports, bandwidth feedback, NACK and PLI, and the totals of RTP and RTCP
 * together. Reports are compound packets (a sender report comes with its SDES, and now and then with a BYE), so the
 * counters by type add up to more than the packets.
 */

import { amount, chance } from "./prng.ts";
import type { Media } from "./rtp.ts";
import type { Channel, Connection } from "./state.ts";

/** RTP and RTCP packets of one tick. */
export interface Packets {
  received: number;
  sent: number;
}

const REPORT_BYTES = 72;
const FEEDBACK_BYTES = 44;
const NACK_BYTES = 28;
const LAYERS = 3;
/** So many lost packets go into one NACK. */
const NACK_BATCH = 4;

/** Counts the RTCP of one tick, and with it the totals of the section `rtp`. */
export function advanceRtcp(connection: Connection, channel: Channel, media: Media): Packets {
  const { rtp } = connection.sections;
  const received = receiveRtcp(connection, media);
  const sent = sendRtcp(connection, channel, media);
  // Sums, not counters of their own: the identity between them must hold whatever happens above.
  const { rtcp } = connection.sections;
  rtp.total_received = rtp.total_received_rtp + rtcp.total_received_rtcp;
  rtp.total_received_byte_size = rtp.total_received_rtp_byte_size + rtcp.total_received_rtcp_byte_size;
  rtp.total_sent = rtp.total_sent_rtp + rtcp.total_sent_rtcp;
  rtp.total_sent_byte_size = rtp.total_sent_rtp_byte_size + rtcp.total_sent_rtcp_byte_size;
  return { received: media.received + received, sent: media.sent + sent };
}

function receiveRtcp({ plan, random, network, sections: { rtcp } }: Connection, media: Media): number {
  const streams = plan.videoCodec === null ? 0 : plan.simulcast ? LAYERS : 1;
  const senderReports = plan.sends ? amount(random, (0.2 + streams) * network.up) : 0;
  const receives = plan.receives && media.sent > 0;
  const receiverReports = receives ? amount(random, 1.1 * network.up) : 0;
  const transportWide = receives && plan.transportWide ? amount(random, 10 * network.up) : 0;
  const estimates = receives && !plan.transportWide ? amount(random, 2 * network.up) : 0;
  const nacks = Math.ceil(media.sentLost / NACK_BATCH);
  const missed = media.sentLost - media.resent;
  const plis = (missed > 0 && chance(random, 0.6) ? 1 : 0) + (receives && chance(random, 0.01) ? 1 : 0);
  const extended = senderReports > 0 && chance(random, 0.2) ? 1 : 0;
  rtcp.total_received_rtcp_sr += senderReports;
  rtcp.total_received_rtcp_sdes += senderReports;
  rtcp.total_received_rtcp_xr += extended;
  rtcp.total_received_rtcp_rr += receiverReports;
  rtcp.total_received_rtcp_rtpfb_transport_wide += transportWide;
  rtcp.total_received_rtcp_psfb_afb += estimates;
  rtcp.total_received_rtcp_rtpfb_generic_nack += nacks;
  rtcp.total_received_rtcp_psfb_pli += plis;
  rtcp.total_generic_nack_cache_hit += media.resent;
  rtcp.total_generic_nack_cache_miss += missed;
  const packets = senderReports + receiverReports + transportWide + estimates + nacks + plis;
  rtcp.total_received_rtcp += packets;
  rtcp.total_received_rtcp_byte_size += byteSize(
    senderReports + receiverReports,
    transportWide + estimates,
    nacks + plis,
  );
  return packets;
}

function sendRtcp(
  { plan, random, network, sections: { rtcp } }: Connection,
  channel: Channel,
  media: Media,
): number {
  const receives = plan.receives && media.sent > 0;
  const others = Math.max(0, channel.senders - (plan.sends ? 1 : 0));
  const senderReports = receives ? amount(random, Math.min(others, 8) * 0.6 * network.up) : 0;
  const byes = senderReports > 0 && channel.notices > 0 && chance(random, 0.3) ? 1 : 0;
  const receiverReports = plan.sends ? amount(random, 1.2 * network.up) : 0;
  const transportWide = plan.sends && plan.transportWide ? amount(random, 10 * network.up) : 0;
  const estimates = plan.sends && !plan.transportWide ? amount(random, 1.2 * network.up) : 0;
  const nacks = Math.ceil(media.receivedLost / NACK_BATCH);
  const triggers = network.level > 1 && nacks > 0 && chance(random, 0.25 * network.level - 0.25) ? 1 : 0;
  const plis = triggers + (media.receivedVideo > 0 && chance(random, 0.02) ? 1 : 0);
  rtcp.total_sent_rtcp_sr += senderReports;
  rtcp.total_sent_rtcp_sdes += senderReports;
  rtcp.total_sent_rtcp_bye += byes;
  rtcp.total_sent_rtcp_rr += receiverReports;
  rtcp.total_sent_rtcp_rtpfb_transport_wide += transportWide;
  rtcp.total_sent_rtcp_psfb_afb += estimates;
  rtcp.total_sent_rtcp_rtpfb_generic_nack += nacks;
  rtcp.total_sent_rtcp_psfb_pli += plis;
  rtcp.total_pli_trigger += triggers;
  const packets = senderReports + receiverReports + transportWide + estimates + nacks + plis;
  rtcp.total_sent_rtcp += packets;
  rtcp.total_sent_rtcp_byte_size += byteSize(
    senderReports + receiverReports,
    transportWide + estimates,
    nacks + plis,
  );
  return packets;
}

/** Bytes of so many reports, packets of feedback, and requests (NACK, PLI). */
function byteSize(reports: number, feedback: number, requests: number): number {
  return reports * REPORT_BYTES + feedback * FEEDBACK_BYTES + requests * NACK_BYTES;
}
