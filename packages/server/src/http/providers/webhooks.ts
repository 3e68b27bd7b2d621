import { ProblemError, storableText, textResponse, webhookReceiptSchema } from '@mevrik/protocol';
import { z } from 'zod';
import type { AppProfile, ChannelProfile } from '../../apps/app-directory.ts';
import type { WebhookIntake } from '../../channels/channel.ts';
import { unreadableEvent } from '../../channels/unreadable-event.ts';
import { findIntakeChannel } from '../../commands/intake-channel.ts';
import { receiveWebhook } from '../../commands/receive-webhook.ts';
import { listNotice } from '../../live/delivery-notices.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';

const webhookParams = z.strictObject({
  kind: z.string().max(64),
  appKey: z.string().max(64),
  channel: z.string().max(64),
});
/** All traffic of a provider comes from a few addresses. */
const config = { access: 'public' as const, limitFactor: 100 };
const tags = ['webhooks'];
/** One call may contain a thousand events with attachments. */
const bodyLimitBytes = 8 * 1024 * 1024;

/**
 * Where providers call. Verified events are stored as received and acknowledged at once, even while the server is
 * overloaded: providers disable a webhook that fails for long.
 */
export function webhookRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    // The signature covers the raw bytes, so the body must not be parsed before it is verified.
    api.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    addConfirmRoute(api, deps);
    addReceiveRoute(api, deps);
  };
}

function addConfirmRoute(api: Api, deps: HttpDeps): void {
  api.get(
    '/webhooks/:kind/:appKey/:channel',
    {
      config,
      schema: {
        tags,
        summary: 'Confirm a webhook URL to its provider',
        params: webhookParams,
        querystring: z.looseObject({}),
        response: { 200: textResponse },
      },
    },
    async (request, reply) => {
      const { channel, intake } = await requireWebhook(deps, request.params);
      const challenge = intake.confirm(request.query, channel.settings);
      if (challenge === undefined) throw new ProblemError('forbidden', 'The verify token does not match.');
      return reply.type('text/plain').serializer(String).send(challenge);
    },
  );
}

function addReceiveRoute(api: Api, deps: HttpDeps): void {
  const { notify } = deps;
  api.post(
    '/webhooks/:kind/:appKey/:channel',
    {
      config: { ...config, storesData: true },
      bodyLimit: bodyLimitBytes,
      schema: {
        tags,
        summary: 'Receive webhook events',
        params: webhookParams,
        response: { 200: webhookReceiptSchema },
      },
    },
    async (request, reply) => {
      const webhook = await requireWebhook(deps, request.params);
      const { app, channel, intake } = webhook;
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      if (!intake.verify(body, request.headers, channel.settings)) {
        request.auditAs = { appId: app.id, action: 'webhook.reject', target: channel.name };
        throw new ProblemError('invalid_signature', 'The signature does not match the body.');
      }
      const webhookEvents = readEvents(webhook, body, (settings) =>
        intake.verify(body, request.headers, settings),
      );
      await deps.unitOfWork.run((tx) =>
        receiveWebhook(tx, {
          app,
          provider: channel.kind,
          event: intake.event,
          webhookEvents,
          fallbackChannel: channel.name,
        }),
      );
      notify([listNotice(app.id, 'webhook-events')]);
      return reply.code(200).send({ received: webhookEvents.length });
    },
  );
}

interface Webhook {
  readonly app: AppProfile;
  /** The channel whose URL was called. */
  readonly channel: ChannelProfile;
  readonly intake: WebhookIntake;
}

/** The enabled channel of a webhook URL. @throws ProblemError `not_found`. */
async function requireWebhook(
  { apps, channels }: HttpDeps,
  { kind, appKey, channel: name }: z.output<typeof webhookParams>,
): Promise<Webhook> {
  const app = await apps.byKey(appKey);
  const channel = app && findIntakeChannel(channels, { app, channel: name, source: 'provider' });
  const intake = channel?.kind === kind ? channels.adapterFor(kind)?.webhook : undefined;
  if (!app || !channel || !intake) throw new ProblemError('not_found', 'Webhook not found.');
  return { app, channel, intake };
}

/** The events in a verified body, each with its channel; `null` if no channel has the event's account. */
function readEvents(
  webhook: Webhook,
  body: Buffer,
  isSignedFor: (settings: ChannelProfile['settings']) => boolean,
) {
  const { channel, intake } = webhook;
  const parsed = parseJson(body);
  const events = intake.split(parsed, channel.settings);
  // A signed body is stored even if it is unreadable: otherwise the provider would resend it forever.
  const split = events.length > 0 ? events : [unreadableEvent(parsed)];
  const accounts = new Set(split.flatMap(({ accountId }) => accountId ?? []));
  const channels = channelsByAccount(webhook, accounts, ({ settings }) => isSignedFor(settings));
  return split.map((event) => ({
    ...event,
    channel: event.accountId === null ? channel.name : (channels.get(event.accountId) ?? null),
  }));
}

/**
 * The channels that webhook events belong to, by the provider's account. A provider calls one URL for all accounts of
 * its app, so events may belong to our other channels too, if their own secret verifies the signature.
 */
function channelsByAccount(
  { app, channel: called, intake }: Webhook,
  accounts: ReadonlySet<string>,
  isSignedFor: (channel: ChannelProfile) => boolean,
): ReadonlyMap<string, string> {
  const others = [...app.channels.values()].filter((one) => one.kind === called.kind && one !== called);
  return new Map(
    [...others, called].flatMap((channel) => {
      const account = intake.accountIdOf(channel.settings);
      if (account === undefined || !accounts.has(account)) return [];
      const isMeant = channel === called || (channel.enabled && isSignedFor(channel));
      return isMeant ? [[account, channel.name] as const] : [];
    }),
  );
}

/** Removes unstorable characters from the keys of an object. */
function withStorableNames(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (Object.keys(value).every((name) => storableText(name) === name)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [storableText(name), part]));
}

/**
 * Parses a body as JSON, or returns its text if it is not JSON. Characters that PostgreSQL cannot store are removed, so
 * that the rest of the event is kept.
 */
function parseJson(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    const known: unknown = JSON.parse(text, (_name, value) =>
      typeof value === 'string' ? storableText(value) : withStorableNames(value),
    );
    return known;
  } catch {
    // Not JSON: it is kept as text.
    return storableText(text);
  }
}
