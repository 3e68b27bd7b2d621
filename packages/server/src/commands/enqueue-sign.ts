import type { AppDirectory } from '../apps/app-directory.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';

/** A read receipt (`seen`) or typing indicator to show to the customer. */
export interface Sign {
  readonly appId: number;
  readonly sessionId: number;
  readonly sign: 'seen' | 'typing';
}

/** Enqueues a sign for the channel of a session, where its kind supports signs. Best effort: it may arrive late, or never. */
export async function enqueueSign(
  {
    unitOfWork,
    apps,
    channels,
  }: { readonly unitOfWork: UnitOfWork; readonly apps: AppDirectory; readonly channels: ChannelRegistry },
  { appId, sessionId, sign }: Sign,
): Promise<void> {
  const app = await apps.byId(appId);
  const kinds = new Set([...(app?.channels.values() ?? [])].map(({ kind }) => kind));
  const hasSigns = [...kinds].some((kind) => 'signal' in channels.senderFor(kind));
  if (!hasSigns) return;
  await unitOfWork.run((tx) =>
    tx.addJob('show-sign', { sessionId, sign }, { key: `sign ${sessionId} ${sign}`, maxAttempts: 1 }),
  );
}
