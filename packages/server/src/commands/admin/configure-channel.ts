import { ProblemError } from '@mevrik/protocol';
import { and, eq } from 'drizzle-orm';
import type { ChannelAdapter } from '../../channels/channel.ts';
import type { ChannelRegistry } from '../../channels/registry.ts';
import { channels } from '../../db/schema.ts';
import { fieldErrorsOf } from '../../domain/field-errors.ts';
import { assertUnchanged, channelTag } from '../../domain/state-tag.ts';
import type { Tx } from '../../log/transaction.ts';
import { type ActedBy, auditApp, lockApp, type TagPrecondition } from './app-lock.ts';
import { mergePatch } from './merge-patch.ts';

type Settings = Record<string, unknown>;

/** A channel as administrators configure it. */
export interface ChannelInput {
  readonly name: string;
  readonly kind: string;
  readonly enabled?: boolean | undefined;
  readonly settings?: Settings | undefined;
}

/**
 * Adds a channel to an app, or replaces the one of that name. The kind of an existing channel cannot change.
 * @returns the channel's new tag.
 * @throws ProblemError `precondition_failed`, or `invalid_input` for an unknown kind or invalid settings.
 */
export async function putChannel(
  tx: Tx,
  registry: ChannelRegistry,
  {
    actor,
    seen,
    appId,
    channel,
  }: ActedBy & TagPrecondition & { readonly appId: number; readonly channel: ChannelInput },
): Promise<string> {
  const { secret } = await lockApp(tx, appId);
  const { name, kind, enabled = true, settings = {} } = channel;
  const known = await findChannel(tx, appId, name);
  assertUnchanged(seen, known ? channelTag(known, secret) : null);
  checkSettings(registry, kind, settings);
  if (known && known.kind !== kind) throw invalid('kind', `is ${known.kind} and cannot change`);
  await tx.orm
    .insert(channels)
    .values({ appId, name, kind, enabled, settings })
    .onConflictDoUpdate({ target: [channels.appId, channels.name], set: { enabled, settings } });
  await scheduleProbe(tx, appId, name);
  await auditApp(tx, actor, 'channel.put', appId, { channel: name, kind, enabled });
  return channelTag({ kind, enabled, settings }, secret);
}

/**
 * Changes a channel: omitted settings, including secrets, stay as they are; `null` removes one.
 * @returns the channel's new tag.
 * @throws ProblemError `not_found`, `precondition_failed`, or `invalid_input` for invalid settings.
 */
export async function changeChannel(
  tx: Tx,
  registry: ChannelRegistry,
  {
    actor,
    seen,
    appId,
    name,
    ...changes
  }: ActedBy &
    TagPrecondition & {
      readonly appId: number;
      readonly name: string;
      readonly enabled?: boolean | undefined;
      readonly settings?: Settings | undefined;
    },
): Promise<string> {
  const { secret } = await lockApp(tx, appId);
  const known = await findChannel(tx, appId, name);
  if (!known) throw new ProblemError('not_found', 'Channel not found.');
  assertUnchanged(seen, channelTag(known, secret));
  const { enabled = known.enabled } = changes;
  const settings = mergePatch(known.settings, changes.settings ?? {});
  // A channel whose stored settings have become invalid can still be disabled.
  if (changes.settings) checkSettings(registry, known.kind, settings);
  await tx.orm
    .update(channels)
    .set({ enabled, settings })
    .where(and(eq(channels.appId, appId), eq(channels.name, name)));
  await scheduleProbe(tx, appId, name);
  const changed = Object.keys(changes.settings ?? {});
  await auditApp(tx, actor, 'channel.change', appId, { channel: name, enabled, changed });
  return channelTag({ kind: known.kind, enabled, settings }, secret);
}

/**
 * The settings that a channel would have with unsaved changes.
 * @throws ProblemError `invalid_input` where they would be invalid.
 */
export async function draftSettings(
  tx: Tx,
  registry: ChannelRegistry,
  {
    appId,
    name,
    kind,
    settings,
  }: { readonly appId: number; readonly name: string; readonly kind: string; readonly settings: Settings },
): Promise<{ readonly adapter: ChannelAdapter; readonly settings: Settings }> {
  const known = await findChannel(tx, appId, name);
  const draft = mergePatch(known?.kind === kind ? known.settings : {}, settings);
  return { adapter: checkSettings(registry, kind, draft), settings: draft };
}

async function findChannel(tx: Tx, appId: number, name: string) {
  const [known] = await tx.orm
    .select()
    .from(channels)
    .where(and(eq(channels.appId, appId), eq(channels.name, name)));
  return known;
}

function checkSettings(registry: ChannelRegistry, kind: string, settings: Settings): ChannelAdapter {
  const adapter = registry.adapterFor(kind);
  if (!adapter) {
    const kinds = registry.adapters.map((one) => one.kind).join(', ');
    throw invalid('kind', `must be one of: ${kinds}`);
  }
  const parsed = adapter.settingsSchema.safeParse(settings);
  if (parsed.success) return adapter;
  throw new ProblemError('invalid_input', 'The channel settings are not valid.', {
    fields: fieldErrorsOf(parsed.error, 'settings'),
  });
}

/** A change may have fixed a channel that is down: probe it. */
function scheduleProbe(tx: Tx, appId: number, channel: string): Promise<void> {
  return tx.addJob('probe-channel', { appId, channel }, { key: `probe ${appId}/${channel}`, appId });
}

function invalid(path: string, message: string): ProblemError {
  return new ProblemError('invalid_input', `${path} ${message}.`, { fields: [{ path, message }] });
}
