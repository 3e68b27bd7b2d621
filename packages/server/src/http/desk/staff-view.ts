import type { ChannelCapabilities, StaffApp } from '@mevrik/protocol';
import type { AppProfile } from '../../apps/app-directory.ts';
import type { ChannelAdapter } from '../../channels/channel.ts';
import type { ChannelRegistry } from '../../channels/registry.ts';

/** What goes over our own connections: texts and files as our own messages can have them. */
const ours: ChannelCapabilities = {
  textLength: 10_000,
  attachments: ['image', 'audio', 'video', 'file'],
  quickReplies: 13,
  buttons: 10,
  replyWindowHours: null,
};

/** An app as its agents see it; `downReason` says why a channel is down. */
export function describeApp(
  registry: ChannelRegistry,
  { id, name, key, channels, rules, settings }: AppProfile,
  downReason: (appId: number, channel: string) => string | null,
  fileBytes: number,
): StaffApp {
  const queues = [settings.defaultQueue, ...rules.flatMap(({ rule: { queue } }) => queue ?? [])];
  return {
    id,
    name,
    key,
    channels: [...channels.values()].map(({ name: channel, kind, enabled }) => {
      const adapter = registry.adapterFor(kind);
      return {
        name: channel,
        kind,
        title: adapter?.guide?.title ?? kind,
        source: adapter?.source ?? null,
        enabled,
        capabilities: capabilitiesOf(adapter),
        downReason: downReason(id, channel),
      };
    }),
    fileBytes,
    queues: [...new Set(queues)],
    dispositions: settings.dispositions,
  };
}

function capabilitiesOf(adapter: ChannelAdapter | undefined): ChannelCapabilities | null {
  if (!adapter || adapter.sender.delivers === 'never') return null;
  const { sender } = adapter;
  if (sender.delivers === 'by-broadcast') return ours;
  const { textLength, attachments, quickReplies, buttons, replyWindowHours } = sender.capabilities;
  return { textLength, attachments: [...attachments], quickReplies, buttons, replyWindowHours };
}
