import { registerApp, upsertApp } from '../commands/register-app.ts';
import type { Config } from '../config/config.ts';
import type { UnitOfWork } from '../log/unit-of-work.ts';
import type { Log } from '../observe/log.ts';

/** An arbitrary number that no other advisory lock on the database uses. */
const appLock = 7_364_102;

/** Provisions the configured app, or creates a first app on an empty database. Of several nodes only one creates it. */
export async function ensureApp(config: Config, unitOfWork: UnitOfWork, log: Log): Promise<void> {
  const { app } = config;
  const made = await unitOfWork.run(async (tx) => {
    await tx.sql`SELECT pg_advisory_xact_lock(${appLock})`;
    if (app) {
      await upsertApp(tx, app);
      return undefined;
    }
    const [known] = await tx.sql`SELECT FROM apps LIMIT 1`;
    return known ? undefined : registerApp(tx, { name: 'My first app' });
  });
  if (made) log.info({ appId: made.id, key: made.key }, 'created a first app');
}
