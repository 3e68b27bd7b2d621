import type { AppDirectory } from '../apps/app-directory.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';

/** A read receipt (`seen`) or typing indicator to show to the customer. */
export interface Indicator {
  readonly appId: number;
  readonly sessionId: number;
  readonly indicator: 'seen' | 'typing';
}

/** Enqueues an indicator for the channel of a session, if any channel of the app supports indicators. It may arrive late, or never. */
export async function enqueueIndicator(
  {
    unitOfWork,
    apps,
    channels,
  }: { readonly unitOfWork: UnitOfWork; readonly apps: AppDirectory; readonly channels: ChannelRegistry },
  { appId, sessionId, indicator }: Indicator,
): Promise<void> {
  const app = await apps.byId(appId);
  const kinds = new Set([...(app?.channels.values() ?? [])].map(({ kind }) => kind));
  const hasIndicators = [...kinds].some((kind) => 'showIndicator' in channels.senderFor(kind));
  if (!hasIndicators) return;
  await unitOfWork.run((tx) =>
    tx.addJob(
      'show-indicator',
      { sessionId, indicator },
      { key: `indicator ${sessionId} ${indicator}`, maxAttempts: 1, appId },
    ),
  );
}
