import { ProblemError } from '@mevrik/protocol';
import { asc, eq } from 'drizzle-orm';
import { cacheFor } from '../auth/cache-for.ts';
import type { Database } from '../db/database.ts';
import { apps, bots, channels, routingRules } from '../db/schema.ts';
import { type BotFlow, defaultParsedFlow, parseFlow } from '../domain/bot/index.ts';
import { type CompiledRules, compileRules } from '../domain/routing/index.ts';
import { type AppSettings, parseAppSettings } from './app-settings.ts';

/** A channel of an app; `kind` selects the adapter. */
export interface ChannelProfile {
  readonly name: string;
  readonly kind: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The bot of an app. */
export type BotProfile =
  | { readonly kind: 'builtin'; readonly flow: BotFlow }
  | { readonly kind: 'http'; readonly url: string; readonly secret: string; readonly timeoutMs: number }
  | { readonly kind: 'none' };

/** An app with its settings, channels, rules and bot, parsed and compiled. */
export interface AppProfile {
  readonly id: number;
  readonly key: string;
  readonly secret: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: AppSettings;
  readonly channels: ReadonlyMap<string, ChannelProfile>;
  readonly rules: CompiledRules;
  readonly bot: BotProfile;
}

/** Looks up apps, and caches them for a few seconds. */
export interface AppDirectory {
  byId(id: number): Promise<AppProfile | undefined>;
  byKey(key: string): Promise<AppProfile | undefined>;
  /** Drops the cache, so that a change made through this process takes effect at once. */
  forget(): void;
}

/** How long this node may serve a cached app after a change on another node. */
const staleMs = 3_000;

/**
 * While the database is slow or away, apps are served as they were: a listener that waited for one would run out of time.
 */
const stale = { waitMs: 250, maxAgeMs: 60_000 };

/** Creates a directory on a database. */
export function createAppDirectory(database: Database): AppDirectory {
  const byId = cacheFor(staleMs, (id) => readApp(database, Number(id)), { stale });
  const idByKey = cacheFor(staleMs, (key) => readAppId(database, key), { stale });
  return {
    byId: (id) => byId.get(String(id)),
    async byKey(key) {
      const id = await idByKey.get(key);
      return id === undefined ? undefined : byId.get(String(id));
    },
    forget() {
      byId.forget();
      idByKey.forget();
    },
  };
}

/**
 * The enabled app with this id.
 * @throws ProblemError `unknown_app` if it does not exist or is disabled.
 */
export async function requireApp(directory: AppDirectory, id: number): Promise<AppProfile> {
  const app = await directory.byId(id);
  if (!app?.enabled) throw new ProblemError('unknown_app', 'The app does not exist or is disabled.');
  return app;
}

async function readAppId(database: Database, key: string): Promise<number | undefined> {
  const [row] = await database.orm.select({ id: apps.id }).from(apps).where(eq(apps.key, key));
  return row?.id;
}

async function readApp({ orm }: Database, id: number): Promise<AppProfile | undefined> {
  const [[app], channelRows, ruleRows, [bot]] = await Promise.all([
    orm.select().from(apps).where(eq(apps.id, id)),
    orm.select().from(channels).where(eq(channels.appId, id)),
    orm.select().from(routingRules).where(eq(routingRules.appId, id)).orderBy(asc(routingRules.position)),
    orm.select().from(bots).where(eq(bots.appId, id)),
  ]);
  if (!app) return undefined;
  const { key, secret, name, enabled } = app;
  return {
    id,
    key,
    secret,
    name,
    enabled,
    settings: parseAppSettings(app.settings),
    channels: new Map(channelRows.map((row) => [row.name, row])),
    rules: compileRules(
      ruleRows.map(({ name, when, action, queue, priority, skills }) => ({
        name,
        when,
        action,
        skills,
        ...(queue === null ? {} : { queue }),
        ...(priority === null ? {} : { priority }),
      })),
    ),
    bot: toBotProfile(bot),
  };
}

/** An app without a configured bot has the built-in bot with the default flow. */
function toBotProfile(row: typeof bots.$inferSelect | undefined): BotProfile {
  if (!row) return { kind: 'builtin', flow: defaultParsedFlow };
  if (row.kind === 'http' && row.url !== null && row.secret !== null) {
    return { kind: 'http', url: row.url, secret: row.secret, timeoutMs: row.timeoutMs };
  }
  if (row.kind === 'builtin') {
    return { kind: 'builtin', flow: row.flow === null ? defaultParsedFlow : parseFlow(row.flow) };
  }
  return { kind: 'none' };
}
