import type { ChannelRegistry } from '../channels/registry.ts';
import { registerApp, upsertApp } from '../commands/register-app.ts';
import type { Config } from '../config/config.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { Log } from '../observe/log.ts';

/** An arbitrary number that no other advisory lock on the database uses. */
const appLock = 7_364_102;

/** Provisions the configured app, or creates a first app on an empty database. Of several nodes only one creates it. */
export async function ensureApp({
  config: { app },
  unitOfWork,
  channels,
  log,
}: {
  readonly config: Config;
  readonly unitOfWork: UnitOfWork;
  readonly channels: ChannelRegistry;
  readonly log: Log;
}): Promise<void> {
  const made = await unitOfWork.run(async (tx) => {
    await tx.sql`SELECT pg_advisory_xact_lock(${appLock})`;
    if (app) {
      await upsertApp(tx, app, channels);
      return undefined;
    }
    const [known] = await tx.sql`SELECT FROM apps LIMIT 1`;
    return known ? undefined : registerApp(tx, { name: 'My first app' }, channels);
  });
  if (made) log.info({ appId: made.id, key: made.key }, 'created a first app');
}
