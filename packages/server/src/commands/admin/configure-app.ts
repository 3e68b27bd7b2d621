import { asc, eq } from 'drizzle-orm';
import { parseAppSettings } from '../../apps/app-settings.ts';
import { randomToken } from '../../auth/secrets.ts';
import { apps, bots, routingRules } from '../../db/schema.ts';
import { parseFlow, toBotView } from '../../domain/bot/index.ts';
import { compileRules, type RoutingRule } from '../../domain/routing/index.ts';
import { appTag, assertUnchanged, botTag, rulesTag } from '../../domain/state-tag.ts';
import type { Tx } from '../../log/transaction.ts';
import { type ActedBy, auditApp, lockApp, type TagPrecondition } from './app-lock.ts';

/**
 * Changes an app. New settings are merged into the old ones, key by key; `null` resets one to its default.
 * @returns the app's new tag.
 * @throws ProblemError `not_found`, `precondition_failed`, or `invalid_input` for invalid settings.
 */
export async function changeApp(
  tx: Tx,
  {
    actor,
    seen,
    appId,
    ...changes
  }: ActedBy &
    TagPrecondition & {
      readonly appId: number;
      readonly name?: string | undefined;
      readonly enabled?: boolean | undefined;
      readonly settings?: Record<string, unknown> | undefined;
    },
): Promise<string> {
  const app = await lockApp(tx, appId);
  assertUnchanged(seen, appTag(app));
  const settings = Object.fromEntries(
    Object.entries({ ...app.settings, ...changes.settings }).filter(([, value]) => value !== null),
  );
  parseAppSettings(settings);
  const { name = app.name, enabled = app.enabled } = changes;
  await tx.orm.update(apps).set({ name, enabled, settings }).where(eq(apps.id, appId));
  await auditApp(tx, actor, 'app.change', appId, { changed: Object.keys(changes) });
  return appTag({ name, enabled, settings });
}

/**
 * Replaces all settings of an app; omitted ones have their defaults.
 * @returns the app's new tag.
 * @throws ProblemError `not_found`, `precondition_failed`, or `invalid_input` for invalid settings.
 */
export async function replaceSettings(
  tx: Tx,
  {
    actor,
    seen,
    appId,
    settings,
  }: ActedBy &
    TagPrecondition & { readonly appId: number; readonly settings: Readonly<Record<string, unknown>> },
): Promise<string> {
  const app = await lockApp(tx, appId);
  assertUnchanged(seen, appTag(app));
  parseAppSettings(settings);
  await tx.orm
    .update(apps)
    .set({ settings: { ...settings } })
    .where(eq(apps.id, appId));
  const names = new Set([...Object.keys(app.settings), ...Object.keys(settings)]);
  const changed = [...names].filter(
    (name) => JSON.stringify(app.settings[name]) !== JSON.stringify(settings[name]),
  );
  await auditApp(tx, actor, 'app.settings', appId, { changed });
  return appTag({ ...app, settings });
}

/** Replaces the secret of an app; the old one is invalid at once. @returns the new secret, which is not shown again. */
export async function rotateSecret(
  tx: Tx,
  { actor, appId }: ActedBy & { readonly appId: number },
): Promise<string> {
  await lockApp(tx, appId);
  const secret = randomToken(32);
  await tx.orm.update(apps).set({ secret }).where(eq(apps.id, appId));
  await auditApp(tx, actor, 'app.rotate-secret', appId);
  return secret;
}

/**
 * Replaces an app's routing rules.
 * @returns their new tag.
 * @throws ProblemError `precondition_failed`, or `invalid_input`, naming each invalid condition.
 */
export async function putRules(
  tx: Tx,
  {
    actor,
    seen,
    appId,
    rules,
  }: ActedBy & TagPrecondition & { readonly appId: number; readonly rules: readonly RoutingRule[] },
): Promise<string> {
  compileRules(rules);
  await lockApp(tx, appId);
  const stored = await tx.orm
    .select()
    .from(routingRules)
    .where(eq(routingRules.appId, appId))
    .orderBy(asc(routingRules.position));
  assertUnchanged(seen, rulesTag(stored));
  await tx.orm.delete(routingRules).where(eq(routingRules.appId, appId));
  if (rules.length > 0)
    await tx.orm.insert(routingRules).values(rules.map((rule, at) => ruleRow(appId, rule, at)));
  await auditApp(tx, actor, 'rules.put', appId, { rules: rules.map(({ name }) => name) });
  return rulesTag(rules);
}

/** The row of a rule at a position. */
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

/** A bot as administrators configure it. */
export type BotConfiguration =
  | { readonly kind: 'builtin'; readonly flow: string }
  | { readonly kind: 'http'; readonly url: string; readonly timeoutMs: number }
  | { readonly kind: 'none' };

/**
 * Sets the bot of an app. A bot behind a URL gets a secret to verify our signature with, unless it has one.
 * @returns the secret of a new HTTP bot, which is not shown again, else `null`; and the bot's new tag.
 * @throws ProblemError `precondition_failed`, or `invalid_input`, naming each invalid field of the flow.
 */
export async function putBot(
  tx: Tx,
  {
    actor,
    seen,
    appId,
    bot,
  }: ActedBy & TagPrecondition & { readonly appId: number; readonly bot: BotConfiguration },
): Promise<{ readonly secret: string | null; readonly tag: string }> {
  await lockApp(tx, appId);
  if (bot.kind === 'builtin') parseFlow(bot.flow);
  const [known] = await tx.orm.select().from(bots).where(eq(bots.appId, appId));
  assertUnchanged(seen, botTag(toBotView(known)));
  // The format of the Standard Webhooks specification, so that its libraries accept it.
  const newSecret =
    bot.kind === 'http' && !known?.secret ? `whsec_${Buffer.from(randomToken(24)).toString('base64')}` : null;
  const row = {
    kind: bot.kind,
    flow: bot.kind === 'builtin' ? bot.flow : null,
    url: bot.kind === 'http' ? bot.url : null,
    secret: newSecret ?? known?.secret ?? null,
    timeoutMs: bot.kind === 'http' ? bot.timeoutMs : 5000,
    updatedAt: new Date().toISOString(),
  };
  await tx.orm
    .insert(bots)
    .values({ appId, ...row })
    .onConflictDoUpdate({ target: bots.appId, set: row });
  await auditApp(tx, actor, 'bot.put', appId, { kind: bot.kind });
  return { secret: newSecret, tag: botTag(toBotView(row)) };
}
