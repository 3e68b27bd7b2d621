import type { ChannelRef } from '../channels/channel.ts';
import { healthNotice } from '../live/delivery-notices.ts';
import { markUp, readHealth, recordFailedProbe } from './channel-health.ts';
import type { DeliveryDeps } from './delivery-deps.ts';

/** A probe is a small request. */
const probeTimeoutMs = 10_000;

/** Probes a channel that is down; if the probe succeeds, marks it as up and wakes its conversations. */
export async function probeChannel(deps: DeliveryDeps, ref: ChannelRef): Promise<void> {
  const { database, unitOfWork, apps, channels, files, notify, log } = deps;
  const { isDown } = await readHealth(database.sql, ref);
  const app = await apps.byId(ref.appId);
  const channel = app?.channels.get(ref.channel);
  const outlet = channel && channels.senderFor(channel.kind);
  if (!isDown || !channel || outlet?.delivers !== 'by-sending') return;
  try {
    const signal = AbortSignal.timeout(probeTimeoutMs);
    await outlet.probe({ settings: channel.settings, files, signal });
  } catch (error) {
    await unitOfWork.run((tx) => recordFailedProbe(tx, ref, outlet.classify(error).error));
    return;
  }
  if (!(await unitOfWork.run((tx) => markUp(tx, ref)))) return;
  log.info({ ...ref }, 'channel is up again');
  notify([healthNotice(ref.appId, ref.channel, null)]);
}
