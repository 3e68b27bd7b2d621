import { ProblemError } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { parseAppSettings } from '../apps/app-settings.ts';
import { randomToken } from '../auth/secrets.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import { isDuplicate } from '../db/database-errors.ts';
import { apps, channels, routingRules } from '../db/schema.ts';
import { shippedRules } from '../domain/routing/index.ts';
import type { Tx } from '../log/transaction.ts';
import { ruleRow } from './admin/configure-app.ts';

/** An app to create; omitted fields are generated. */
export interface RegisterApp {
  readonly name: string;
  readonly id?: number | undefined;
  readonly key?: string | undefined;
  readonly secret?: string | undefined;
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

/** A registered app with its secret. */
export interface RegisteredApp {
  readonly id: number;
  readonly key: string;
  readonly secret: string;
  readonly name: string;
}

/**
 * Creates an app with the channels of a new app and the default routing rules.
 * @throws ProblemError `invalid_input` for invalid settings, `conflict` when the id or key is already in use.
 */
export async function registerApp(
  tx: Tx,
  app: RegisterApp,
  { adapters }: Pick<ChannelRegistry, 'adapters'>,
): Promise<RegisteredApp> {
  parseAppSettings(app.settings ?? {});
  const row = {
    ...(app.id === undefined ? {} : { id: app.id }),
    key: app.key ?? randomToken(12),
    secret: app.secret ?? randomToken(32),
    name: app.name,
    settings: app.settings ?? {},
  };
  const created = await insertApp(tx, row);
  const firstChannels = adapters
    .filter(({ isInNewApps }) => isInNewApps === true)
    .map(({ kind }) => ({ appId: created.id, name: kind, kind }));
  if (firstChannels.length > 0) await tx.orm.insert(channels).values(firstChannels);
  await tx.orm
    .insert(routingRules)
    .values(shippedRules.map((rule, position) => ruleRow(created.id, rule, position)));
  return created;
}

async function insertApp(tx: Tx, row: typeof apps.$inferInsert): Promise<RegisteredApp> {
  try {
    // The sequence must not generate an id that was given explicitly.
    const [created] = await tx.orm.insert(apps).values(row).returning();
    if (!created) throw new Error('The app was not stored.');
    await tx.sql`SELECT setval(pg_get_serial_sequence('apps', 'id'), (SELECT max(id) FROM apps))`;
    const { id, key, secret, name } = created;
    return { id, key, secret, name };
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new ProblemError('conflict', 'An app with this ID or key already exists.', { cause: error });
  }
}

/**
 * Creates the app that the environment configures, or updates its key and secret.
 * @returns whether the app is new.
 */
export async function upsertApp(
  tx: Tx,
  { id, key, secret }: { readonly id: number; readonly key: string; readonly secret: string },
  registry: Pick<ChannelRegistry, 'adapters'>,
): Promise<boolean> {
  const [known] = await tx.orm.select({ id: apps.id }).from(apps).where(eq(apps.id, id));
  if (!known) {
    await registerApp(tx, { id, key, secret, name: `App ${id}` }, registry);
    return true;
  }
  await tx.orm.update(apps).set({ key, secret }).where(eq(apps.id, id));
  return false;
}
