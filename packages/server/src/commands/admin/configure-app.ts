import { ProblemError } from '@mevrik/protocol';
import { and, eq } from 'drizzle-orm';
import { parseAppSettings } from '../../apps/app-settings.ts';
import { randomToken } from '../../auth/secrets.ts';
import { adapterFor, channelAdapters } from '../../channels/index.ts';
import { apps, bots, channels, routingRules } from '../../db/schema.ts';
import { parseFlow } from '../../domain/bot/index.ts';
import { compileRules, type RoutingRule } from '../../domain/routing/index.ts';
import type { Tx } from '../../log/transaction.ts';
import { writeAudit } from '../../observe/audit.ts';

/** Whose act it is, as it stands in the audit trail: `agent 7`. */
export interface By {
  readonly actor: string;
}

/**
 * Changes an app. New settings are laid over the old ones, key by key.
 * @throws ProblemError `not_found`, or `invalid_input` for settings that are not valid.
 */
export async function changeApp(
  tx: Tx,
  {
    actor,
    appId,
    ...changes
  }: By & {
    readonly appId: number;
    readonly name?: string | undefined;
    readonly enabled?: boolean | undefined;
    readonly settings?: Record<string, unknown> | undefined;
  },
): Promise<void> {
  const app = await lockApp(tx, appId);
  const settings = changes.settings ? { ...app.settings, ...changes.settings } : app.settings;
  parseAppSettings(settings);
  const { name = app.name, enabled = app.enabled } = changes;
  await tx.orm.update(apps).set({ name, enabled, settings }).where(eq(apps.id, appId));
  await audit(tx, actor, 'app.change', appId, { changed: Object.keys(changes) });
}

/** Gives an app a new secret; the old one works no more. @returns the secret, this once. */
export async function rotateSecret(
  tx: Tx,
  { actor, appId }: By & { readonly appId: number },
): Promise<string> {
  await lockApp(tx, appId);
  const secret = randomToken(32);
  await tx.orm.update(apps).set({ secret }).where(eq(apps.id, appId));
  await audit(tx, actor, 'app.rotate-secret', appId);
  return secret;
}

/** A channel as administrators write it. */
export interface ChannelInput {
  readonly name: string;
  readonly kind: string;
  readonly enabled?: boolean | undefined;
  readonly settings?: Record<string, unknown> | undefined;
}

/**
 * Adds a channel to an app, or changes the one of that name. Its kind stays what it was.
 * @throws ProblemError `invalid_input` for an unknown kind or settings that do not fit it.
 */
export async function putChannel(
  tx: Tx,
  { actor, appId, channel }: By & { readonly appId: number; readonly channel: ChannelInput },
): Promise<void> {
  await lockApp(tx, appId);
  const { name, kind, enabled = true, settings = {} } = channel;
  const adapter = adapterFor(kind);
  if (!adapter) {
    const kinds = channelAdapters.map((one) => one.kind).join(', ');
    throw invalid('kind', `must be one of: ${kinds}`);
  }
  const parsed = adapter.settingsSchema.safeParse(settings);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw invalid(['settings', ...(issue?.path ?? [])].join('.'), issue?.message ?? 'is not valid');
  }
  const [known] = await tx.orm
    .select()
    .from(channels)
    .where(and(eq(channels.appId, appId), eq(channels.name, name)));
  if (known && known.kind !== kind) throw invalid('kind', `is ${known.kind} for this channel and stays so`);
  await tx.orm
    .insert(channels)
    .values({ appId, name, kind, enabled, settings })
    .onConflictDoUpdate({ target: [channels.appId, channels.name], set: { enabled, settings } });
  // A channel that was down may have been mended by this.
  await tx.addJob('probe-channel', { appId, channel: name }, { key: `probe ${appId}/${name}` });
  await audit(tx, actor, 'channel.put', appId, { channel: name, kind, enabled });
}

/**
 * Replaces an app's routing rules.
 * @throws ProblemError `invalid_input`, naming each condition at fault.
 */
export async function putRules(
  tx: Tx,
  { actor, appId, rules }: By & { readonly appId: number; readonly rules: readonly RoutingRule[] },
): Promise<void> {
  compileRules(rules);
  await lockApp(tx, appId);
  await tx.orm.delete(routingRules).where(eq(routingRules.appId, appId));
  if (rules.length > 0)
    await tx.orm.insert(routingRules).values(rules.map((rule, at) => ruleRow(appId, rule, at)));
  await audit(tx, actor, 'rules.put', appId, { rules: rules.map(({ name }) => name) });
}

/** A rule as it is stored, at its place. */
export function ruleRow(
  appId: number,
  { name, when, action, queue, priority, skills }: RoutingRule,
  position: number,
): typeof routingRules.$inferInsert {
  return {
    appId,
    position,
    name,
    when,
    action,
    queue: queue ?? null,
    priority: priority ?? null,
    skills: [...(skills ?? [])],
  };
}

/** A bot as administrators write it. */
export type BotInput =
  | { readonly kind: 'builtin'; readonly flow: string }
  | { readonly kind: 'http'; readonly url: string; readonly timeoutMs: number }
  | { readonly kind: 'none' };

/**
 * Gives an app its bot. One behind a URL gets a secret to check our signature with, when it has none yet.
 * @returns the secret of an HTTP bot that is new, this once; else `null`.
 * @throws ProblemError `invalid_input`, naming each field of the flow at fault.
 */
export async function putBot(
  tx: Tx,
  { actor, appId, bot }: By & { readonly appId: number; readonly bot: BotInput },
): Promise<string | null> {
  await lockApp(tx, appId);
  if (bot.kind === 'builtin') parseFlow(bot.flow);
  const [known] = await tx.orm.select().from(bots).where(eq(bots.appId, appId));
  // The form of the Standard Webhooks specification, so that its libraries take it as it is.
  const made =
    bot.kind === 'http' && !known?.secret ? `whsec_${Buffer.from(randomToken(24)).toString('base64')}` : null;
  const row = {
    kind: bot.kind,
    flow: bot.kind === 'builtin' ? bot.flow : null,
    url: bot.kind === 'http' ? bot.url : null,
    secret: made ?? known?.secret ?? null,
    timeoutMs: bot.kind === 'http' ? bot.timeoutMs : 5000,
    updatedAt: new Date().toISOString(),
  };
  await tx.orm
    .insert(bots)
    .values({ appId, ...row })
    .onConflictDoUpdate({ target: bots.appId, set: row });
  await audit(tx, actor, 'bot.put', appId, { kind: bot.kind });
  return made;
}

async function lockApp(tx: Tx, appId: number): Promise<typeof apps.$inferSelect> {
  const [app] = await tx.orm.select().from(apps).where(eq(apps.id, appId)).for('update');
  if (!app) throw new ProblemError('not_found', 'There is no such app.');
  return app;
}

function audit(tx: Tx, actor: string, action: string, appId: number, detail: Record<string, unknown> = {}) {
  return writeAudit(tx.sql, { appId, actor, action, target: `app ${appId}`, detail });
}

function invalid(path: string, message: string): ProblemError {
  return new ProblemError('invalid_input', `${path} ${message}.`, { fields: [{ path, message }] });
}
