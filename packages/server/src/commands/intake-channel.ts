import { type ChannelSource, ProblemError } from '@mevrik/protocol';
import type { AppProfile, ChannelProfile } from '../apps/app-directory.ts';
import type { ChannelRegistry } from '../channels/registry.ts';

/** A channel through which messages come in. */
export interface IntakeChannel {
  readonly app: AppProfile;
  /** The channel's name. */
  readonly channel: string;
  /** Who sends us its messages. */
  readonly source: ChannelSource;
}

const kindsOf: Readonly<Record<ChannelSource, string>> = {
  visitor: 'web channel',
  backend: '`api` channel',
  provider: 'channel of a provider',
};

/** The channel, if messages may come in through it: it is enabled, and this source sends its messages. */
export function findIntakeChannel(
  channels: ChannelRegistry,
  intake: IntakeChannel,
): ChannelProfile | undefined {
  const channel = findChannelOf(channels, intake);
  return intake.app.enabled && channel?.enabled ? channel : undefined;
}

/**
 * Checks that messages may come in through a channel.
 *
 * @throws ProblemError `invalid_input` if it is disabled, or if the app has no such channel of this source.
 */
export function requireIntakeChannel(channels: ChannelRegistry, intake: IntakeChannel): void {
  if (findIntakeChannel(channels, intake)) return;
  if (findChannelOf(channels, intake)) {
    throw new ProblemError('invalid_input', `The channel ${intake.channel} is disabled.`, {
      fields: [{ path: 'channel', message: 'is disabled' }],
    });
  }
  const kind = kindsOf[intake.source];
  throw new ProblemError('invalid_input', `The app has no ${kind} with this name.`, {
    fields: [{ path: 'channel', message: `is not a ${kind} of the app` }],
  });
}

function findChannelOf(
  channels: ChannelRegistry,
  { app, channel: name, source }: IntakeChannel,
): ChannelProfile | undefined {
  const channel = app.channels.get(name);
  return channel && channels.adapterFor(channel.kind)?.source === source ? channel : undefined;
}
