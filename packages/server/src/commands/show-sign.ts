import type { AppDirectory } from '../apps/app-directory.ts';
import { senderFor } from '../channels/index.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';

/** Something that the desk did and the customer may see. */
export interface Sign {
  readonly appId: number;
  readonly sessionId: number;
  readonly sign: 'seen' | 'typing';
}

/** Has a sign shown on the channel of a session, where the channel has such. It may come late, or never. */
export async function showSign(
  { unitOfWork, apps }: { readonly unitOfWork: UnitOfWork; readonly apps: AppDirectory },
  { appId, sessionId, sign }: Sign,
): Promise<void> {
  const app = await apps.byId(appId);
  const kinds = new Set([...(app?.channels.values() ?? [])].map(({ kind }) => kind));
  const hasSigns = [...kinds].map(senderFor).some((sender) => 'signal' in sender);
  if (!hasSigns) return;
  await unitOfWork.run((tx) =>
    tx.addJob('show-sign', { sessionId, sign }, { key: `sign ${sessionId} ${sign}`, maxAttempts: 1 }),
  );
}
