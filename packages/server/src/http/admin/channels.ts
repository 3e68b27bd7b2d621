import {
  channelKindSchema,
  channelTestSchema,
  configuredChannelSchema,
  idSchema,
  ProblemError,
} from '@mevrik/protocol';
import { z } from 'zod';
import type { ChannelAdapter, ChannelServices } from '../../channels/channel.ts';
import { changeChannel, draftSettings, putChannel } from '../../commands/admin/configure-channel.ts';
import { channelTag } from '../../domain/state-tag.ts';
import { listChannels, requireAppRow, requireChannelRow } from '../../queries/administration.ts';
import { actorOf } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { seenBy, tagged } from '../if-match.ts';
import { limiter } from '../limits.ts';
import { describeSettings, withoutSecrets } from './setting-fields.ts';

const config = { access: ['admin'] as const };
const guarded = { ...config, isGuarded: true };
const tags = ['administration'];
const appParams = z.strictObject({ id: z.coerce.number().pipe(idSchema.max(2_147_483_647)) });
const params = appParams.extend({
  name: z.string().regex(/^[\w-]{1,64}$/, 'must have letters, digits, `-` or `_`'),
});
const settings = z.record(z.string().max(64), z.unknown());
const kind = z.string().min(1).max(32);
const channelBody = z.strictObject({ kind, enabled: z.boolean().optional(), settings: settings.optional() });
const channelChanges = channelBody.omit({ kind: true });
const testBody = z.strictObject({ kind, settings: settings.default({}) });
/** A provider that does not answer by then is as good as one that refuses. */
const patienceMs = 10_000;

/** What the setting up of channels needs. */
export interface ChannelRouteDeps extends HttpDeps {
  readonly services: ChannelServices;
  /** Where mails for channels are taken, as `mail.example.com:25`; `null` where they are not. */
  readonly mailServer: string | null;
  /** Where people and providers reach this server. */
  readonly url: () => string;
}

/** A kind of channel, with the form of its settings. */
function describeKind(adapter: ChannelAdapter): z.output<typeof channelKindSchema> {
  const { kind, guide = { title: kind, summary: '', steps: [] }, webhook } = adapter;
  return {
    kind,
    ...guide,
    steps: [...guide.steps],
    groups: describeSettings(adapter.settingsSchema),
    hasWebhook: webhook !== null,
    isTestable: testOf(adapter) !== undefined,
    isConnectable: adapter.connect !== undefined,
  };
}

/** The channels of apps: what each is told, whether that works, and what its provider must be told. */
export function channelRoutes(deps: ChannelRouteDeps): RoutePlugin {
  const { database, unitOfWork, apps, channels, authenticator, services, mailServer, url } = deps;
  const kinds = channels.adapters.map(describeKind);
  const forget = () => {
    apps.forget();
    authenticator.forget();
  };
  const show = async (appId: number, name: string) =>
    shown(name, await requireChannelRow(database, appId, name));
  const shown = (name: string, row: Awaited<ReturnType<typeof requireChannelRow>>) => {
    const adapter = channels.adapterFor(row.kind);
    return {
      name,
      kind: row.kind,
      enabled: row.enabled,
      ...withoutSecrets(row.settings, kinds.find((one) => one.kind === row.kind)?.groups ?? []),
      webhookUrl: adapter?.webhook ? `${url()}/webhooks/${row.kind}/${row.appKey}/${name}` : null,
    };
  };

  return (api) => {
    api.get(
      '/v1/admin/channel-kinds',
      {
        config,
        schema: {
          tags,
          summary: 'The kinds of channel, and what a channel of each must be told',
          response: {
            200: z.object({ items: z.array(channelKindSchema), mailServer: z.string().nullable() }),
          },
        },
      },
      async () => ({ items: kinds, mailServer }),
    );
    api.get(
      '/v1/admin/apps/:id/channels',
      { config, schema: { tags, summary: 'Channels of an app', params: appParams } },
      async (request) => ({ items: await listChannels(database, request.params.id) }),
    );
    api.get(
      '/v1/admin/apps/:id/channels/:name',
      {
        config: guarded,
        schema: {
          tags,
          summary: 'A channel with its settings, and the names of its secrets',
          params,
          response: { 200: configuredChannelSchema },
        },
      },
      async (request, reply) => {
        const { id, name } = request.params;
        const row = await requireChannelRow(database, id, name);
        tagged(reply, channelTag(row, row.appSecret));
        return shown(name, row);
      },
    );
    api.put(
      '/v1/admin/apps/:id/channels/:name',
      {
        config: guarded,
        schema: {
          tags,
          summary: 'Add a channel, or replace what it is told: settings that are left out are gone',
          params,
          body: channelBody,
        },
      },
      async (request, reply) => {
        const { id: appId, name } = request.params;
        const by = { actor: actorOf(request), seen: seenBy(request) };
        const channel = { name, ...request.body };
        tagged(reply, await unitOfWork.run((tx) => putChannel(tx, channels, { ...by, appId, channel })));
        forget();
        return { items: await listChannels(database, appId) };
      },
    );
    api.patch(
      '/v1/admin/apps/:id/channels/:name',
      {
        config: guarded,
        schema: {
          tags,
          summary:
            'Change a channel: what is absent stays, secrets too; `null` takes a setting away (RFC 7396)',
          params,
          body: channelChanges,
          response: { 200: configuredChannelSchema },
        },
      },
      async (request, reply) => {
        const { id: appId, name } = request.params;
        const by = { actor: actorOf(request), seen: seenBy(request) };
        tagged(
          reply,
          await unitOfWork.run((tx) => changeChannel(tx, channels, { ...by, appId, name, ...request.body })),
        );
        forget();
        return show(appId, name);
      },
    );
    api.post(
      '/v1/admin/apps/:id/channels/:name/test',
      {
        config,
        preHandler: limiter(api, 30, actorOf),
        schema: {
          tags,
          summary: 'Try settings laid over those of a channel, where there is one; nothing is kept',
          params,
          body: testBody,
          response: { 200: channelTestSchema },
        },
      },
      async (request) => {
        const { id: appId, name } = request.params;
        await requireAppRow(database, appId);
        const draft = await unitOfWork.run((tx) =>
          draftSettings(tx, channels, { appId, name, ...request.body }),
        );
        const test = testOf(draft.adapter);
        if (!test) throw new ProblemError('conflict', 'Channels of this kind have no credentials to test.');
        return outcomeOf(draft.adapter, (signal) => test({ settings: draft.settings, services, signal }));
      },
    );
    api.post(
      '/v1/admin/apps/:id/channels/:name/connect',
      {
        config,
        preHandler: limiter(api, 30, actorOf),
        schema: {
          tags,
          summary: 'Tell the provider which address it is to call',
          params,
          response: { 200: channelTestSchema },
        },
      },
      async (request) => {
        const { id, name } = request.params;
        const { webhookUrl } = await show(id, name);
        const { kind, settings } = await requireChannelRow(database, id, name);
        const adapter = channels.adapterFor(kind);
        if (!adapter?.connect || webhookUrl === null) {
          throw new ProblemError(
            'conflict',
            'Enter the webhook URL by hand: this provider has no API for it.',
          );
        }
        const { connect } = adapter;
        return outcomeOf(adapter, (signal) => connect(webhookUrl, { settings, services, signal }));
      },
    );
  };
}

function testOf({ test, sender }: ChannelAdapter) {
  return test ?? (sender.delivers === 'by-sending' ? sender.probe : undefined);
}

async function outcomeOf(
  { sender }: ChannelAdapter,
  attempt: (signal: AbortSignal) => Promise<void>,
): Promise<z.output<typeof channelTestSchema>> {
  try {
    await attempt(AbortSignal.timeout(patienceMs));
    return { ok: true, reason: null };
  } catch (error) {
    if (sender.delivers !== 'by-sending') throw error;
    return { ok: false, reason: sender.classify(error).error };
  }
}
