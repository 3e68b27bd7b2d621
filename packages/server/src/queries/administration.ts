import { ProblemError } from '@mevrik/protocol';
import { and, asc, desc, eq, lt } from 'drizzle-orm';
import type { Reader } from '../db/database.ts';
import { beforeId, type ListRequest, toListPage } from '../db/page.ts';
import { apps, bots, channels, routingRules } from '../db/schema.ts';
import { toBotView } from '../domain/bot/index.ts';
import type { RoutingRule } from '../domain/routing/index.ts';

/** Apps without their secrets, newest first. */
export async function listApps({ orm }: Reader, page: ListRequest) {
  const rows = await orm
    .select()
    .from(apps)
    .where(lt(apps.id, Math.min(beforeId(page), 2_147_483_647)))
    .orderBy(desc(apps.id))
    .limit(page.limit + 1);
  return toListPage(rows, page.limit, withoutSecret);
}

/** An app without its secret. @throws ProblemError `not_found`. */
export async function requireAppRow({ orm }: Reader, id: number) {
  const [row] = await orm.select().from(apps).where(eq(apps.id, id));
  if (!row) throw new ProblemError('not_found', 'App not found.');
  return withoutSecret(row);
}

function withoutSecret({ secret: _hidden, ...app }: typeof apps.$inferSelect) {
  return app;
}

/**
 * The channels of an app. Settings contain secrets of providers, so only their names are returned.
 * @throws ProblemError `not_found`.
 */
export async function listChannels(database: Reader, appId: number) {
  await requireAppRow(database, appId);
  const rows = await database.orm
    .select()
    .from(channels)
    .where(eq(channels.appId, appId))
    .orderBy(asc(channels.name));
  return rows.map(({ name, kind, enabled, settings }) => ({
    name,
    kind,
    enabled,
    settings: Object.keys(settings),
  }));
}

/** A channel with all settings, secrets included: callers must remove secrets before showing it. @throws ProblemError `not_found`. */
export async function requireChannelRow({ orm }: Reader, appId: number, name: string) {
  const [row] = await orm
    .select({
      name: channels.name,
      kind: channels.kind,
      enabled: channels.enabled,
      settings: channels.settings,
      appKey: apps.key,
      appSecret: apps.secret,
    })
    .from(channels)
    .innerJoin(apps, eq(apps.id, channels.appId))
    .where(and(eq(channels.appId, appId), eq(channels.name, name)));
  if (!row) throw new ProblemError('not_found', 'Channel not found.');
  return row;
}

/** The routing rules of an app, in order. @throws ProblemError `not_found`. */
export async function listRules(database: Reader, appId: number): Promise<RoutingRule[]> {
  await requireAppRow(database, appId);
  const rows = await database.orm
    .select()
    .from(routingRules)
    .where(eq(routingRules.appId, appId))
    .orderBy(asc(routingRules.position));
  return rows.map(({ name, when, action, queue, priority, skills }) => ({
    name,
    when,
    action,
    ...(queue === null ? {} : { queue }),
    ...(priority === null ? {} : { priority }),
    ...(skills.length === 0 ? {} : { skills }),
  }));
}

/** The bot of an app. @throws ProblemError `not_found`. */
export async function readBot(database: Reader, appId: number) {
  await requireAppRow(database, appId);
  const [row] = await database.orm.select().from(bots).where(eq(bots.appId, appId));
  return toBotView(row);
}
