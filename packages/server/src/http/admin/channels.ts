import {
  type ChannelKind,
  type ChannelTest,
  changeChannelBody,
  channelKindListSchema,
  channelListSchema,
  channelTestBody,
  channelTestSchema,
  configuredChannelSchema,
  ProblemError,
  putChannelBody,
} from '@mevrik/protocol';
import type { ChannelAdapter } from '../../channels/channel.ts';
import { changeChannel, draftSettings, putChannel } from '../../commands/admin/configure-channel.ts';
import { channelTag } from '../../domain/state-tag.ts';
import { listChannels, requireAppRow, requireChannelRow } from '../../queries/administration.ts';
import { actorOf } from '../access.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { setEtag, stateSeenBy } from '../if-match.ts';
import { limiter } from '../limits.ts';
import { channelParams, smallIdParams } from '../params.ts';
import { dropCachedApps } from './apps.ts';
import { describeSettings, withoutSecrets } from './setting-fields.ts';

const config = { access: ['admin'] as const };
const guarded = { ...config, isGuarded: true };
const tags = ['administration'];
/** A provider that has not answered by then counts as a failed test. */
const testTimeoutMs = 10_000;
const testsPerMinute = 30;

/** Dependencies of the routes that configure channels. */
export interface ChannelRouteDeps extends HttpDeps {
  /** Where email for channels is received, as `mail.example.com:25`; `null` if it is not. */
  readonly mailServer: string | null;
  /** The public URL of this server. */
  readonly url: () => string;
}

/** A kind of channel with the form of its settings. */
function describeKind(adapter: ChannelAdapter): ChannelKind {
  const { kind, source, guide = { title: kind, summary: '', steps: [] }, webhook } = adapter;
  return {
    kind,
    title: guide.title,
    source,
    summary: guide.summary,
    steps: [...guide.steps],
    groups: describeSettings(adapter.settingsSchema),
    hasWebhook: webhook !== null,
    isTestable: testOf(adapter) !== undefined,
    isConnectable: adapter.connect !== undefined,
  };
}

/** The channels of apps: configuring them, testing their credentials and registering our webhook with the provider. */
export function channelRoutes(deps: ChannelRouteDeps): RoutePlugin {
  return (api) => {
    addKindRoute(api, deps);
    addReadRoutes(api, deps);
    addPutRoute(api, deps);
    addChangeRoute(api, deps);
    addTestRoute(api, deps);
    addConnectRoute(api, deps);
  };
}

function addKindRoute(api: Api, { channels, mailServer }: ChannelRouteDeps): void {
  const kinds = channels.adapters.map(describeKind);
  api.get(
    '/v1/admin/channel-kinds',
    {
      config,
      schema: {
        tags,
        summary: 'List the kinds of channel and their settings',
        response: { 200: channelKindListSchema },
      },
    },
    async () => ({ items: kinds, mailServer }),
  );
}

function addReadRoutes(api: Api, deps: ChannelRouteDeps): void {
  const { database } = deps;
  api.get(
    '/v1/admin/apps/:id/channels',
    {
      config,
      schema: {
        tags,
        summary: 'List the channels of an app',
        params: smallIdParams,
        response: { 200: channelListSchema },
      },
    },
    async (request) => ({ items: await listChannels(database, request.params.id) }),
  );
  api.get(
    '/v1/admin/apps/:id/channels/:name',
    {
      config: guarded,
      schema: {
        tags,
        summary: 'Get a channel with its settings and the names of its secrets',
        params: channelParams,
        response: { 200: configuredChannelSchema },
      },
    },
    async (request, reply) => {
      const { id, name } = request.params;
      const row = await requireChannelRow(database, id, name);
      setEtag(reply, channelTag(row, row.appSecret));
      return describeChannel(deps, row);
    },
  );
}

function addPutRoute(api: Api, deps: ChannelRouteDeps): void {
  api.put(
    '/v1/admin/apps/:id/channels/:name',
    {
      config: guarded,
      schema: {
        tags,
        summary: 'Add a channel, or replace one: omitted settings are removed',
        params: channelParams,
        body: putChannelBody,
        response: { 200: channelListSchema },
      },
    },
    async (request, reply) => {
      const { id: appId, name } = request.params;
      const tag = await deps.unitOfWork.run((tx) =>
        putChannel(tx, deps.channels, {
          actor: actorOf(request),
          seen: stateSeenBy(request),
          appId,
          channel: { name, ...request.body },
        }),
      );
      setEtag(reply, tag);
      dropCachedApps(deps);
      return { items: await listChannels(deps.database, appId) };
    },
  );
}

function addChangeRoute(api: Api, deps: ChannelRouteDeps): void {
  api.patch(
    '/v1/admin/apps/:id/channels/:name',
    {
      config: guarded,
      schema: {
        tags,
        summary: 'Change a channel: omitted settings and secrets stay, `null` removes a setting (RFC 7396)',
        params: channelParams,
        body: changeChannelBody,
        response: { 200: configuredChannelSchema },
      },
    },
    async (request, reply) => {
      const { id: appId, name } = request.params;
      const tag = await deps.unitOfWork.run((tx) =>
        changeChannel(tx, deps.channels, {
          actor: actorOf(request),
          seen: stateSeenBy(request),
          appId,
          name,
          ...request.body,
        }),
      );
      setEtag(reply, tag);
      dropCachedApps(deps);
      return describeChannel(deps, await requireChannelRow(deps.database, appId, name));
    },
  );
}

function addTestRoute(api: Api, { database, unitOfWork, channels, files }: ChannelRouteDeps): void {
  api.post(
    '/v1/admin/apps/:id/channels/:name/test',
    {
      config,
      preHandler: limiter(api, testsPerMinute, actorOf),
      schema: {
        tags,
        summary: 'Test settings, merged into those of the channel if it exists; stores nothing',
        params: channelParams,
        body: channelTestBody,
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
      return attemptTest(draft.adapter, (signal) => test({ settings: draft.settings, files, signal }));
    },
  );
}

function addConnectRoute(api: Api, deps: ChannelRouteDeps): void {
  const { database, channels, files } = deps;
  api.post(
    '/v1/admin/apps/:id/channels/:name/connect',
    {
      config,
      preHandler: limiter(api, testsPerMinute, actorOf),
      schema: {
        tags,
        summary: 'Register our webhook URL with the provider',
        params: channelParams,
        response: { 200: channelTestSchema },
      },
    },
    async (request) => {
      const { id, name } = request.params;
      const row = await requireChannelRow(database, id, name);
      const adapter = channels.adapterFor(row.kind);
      const webhookUrl = webhookUrlOf(deps, row);
      if (!adapter?.connect || webhookUrl === null) {
        throw new ProblemError('conflict', 'Enter the webhook URL by hand: this provider has no API for it.');
      }
      const { connect } = adapter;
      return attemptTest(adapter, (signal) => connect(webhookUrl, { settings: row.settings, files, signal }));
    },
  );
}

type ChannelRow = Awaited<ReturnType<typeof requireChannelRow>>;

function describeChannel(deps: ChannelRouteDeps, row: ChannelRow) {
  const adapter = deps.channels.adapterFor(row.kind);
  const groups = adapter ? describeSettings(adapter.settingsSchema) : [];
  const { settings, secrets } = withoutSecrets(row.settings, groups);
  return {
    name: row.name,
    kind: row.kind,
    enabled: row.enabled,
    settings,
    secrets,
    webhookUrl: webhookUrlOf(deps, row),
  };
}

function webhookUrlOf(
  { channels, url }: ChannelRouteDeps,
  { kind, appKey, name }: ChannelRow,
): string | null {
  return channels.adapterFor(kind)?.webhook ? `${url()}/webhooks/${kind}/${appKey}/${name}` : null;
}

function testOf({ test, sender }: ChannelAdapter) {
  return test ?? (sender.delivers === 'by-sending' ? sender.probe : undefined);
}

async function attemptTest(
  { sender }: ChannelAdapter,
  attempt: (signal: AbortSignal) => Promise<void>,
): Promise<ChannelTest> {
  try {
    await attempt(AbortSignal.timeout(testTimeoutMs));
    return { ok: true, reason: null };
  } catch (error) {
    if (sender.delivers !== 'by-sending') throw error;
    return { ok: false, reason: sender.classify(error).error };
  }
}
