import { ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import type { AppProfile, ChannelProfile } from '../../apps/app-directory.ts';
import type { WebhookIntake } from '../../channels/channel.ts';
import { unreadable } from '../../channels/unreadable.ts';
import { receiveWebhook } from '../../commands/receive-webhook.ts';
import { listNotice } from '../../live/delivery-notices.ts';
import { notifier } from '../../live/publisher.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const params = z.strictObject({
  kind: z.string().max(64),
  appKey: z.string().max(64),
  channel: z.string().max(64),
});
/** All of a provider's traffic comes from a few addresses. */
const config = { access: 'public' as const, limitFactor: 100 };
const tags = ['webhooks'];
/** A thousand updates with attachments come in one body. */
const bodyLimit = 8 * 1024 * 1024;

/**
 * Where providers call. What is verified is stored raw and answered at once; also while too much waits to be
 * handled, as a provider that is refused for long unsubscribes.
 */
export function webhookRoutes({
  apps,
  channels: registry,
  unitOfWork,
  audit,
  ...dependencies
}: HttpDeps): RoutePlugin {
  const notify = notifier(dependencies);
  async function find({ kind, appKey, channel: name }: z.output<typeof params>): Promise<{
    app: AppProfile;
    channel: ChannelProfile;
    intake: WebhookIntake;
  }> {
    const app = await apps.byKey(appKey);
    const channel = app?.channels.get(name);
    const intake = channel?.kind === kind ? registry.adapterFor(kind)?.webhook : undefined;
    if (!app?.enabled || !channel?.enabled || !intake) {
      throw new ProblemError('not_found', 'Webhook not found.');
    }
    return { app, channel, intake };
  }

  return (api) => {
    // The signature is over the bytes, so they must come here untouched.
    api.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    api.get(
      '/webhooks/:kind/:appKey/:channel',
      { config, schema: { tags, summary: 'A provider asks whether the address is ours', params } },
      async (request, reply) => {
        const { channel, intake } = await find(request.params);
        const challenge = intake.confirm(request.query as Record<string, unknown>, channel.settings);
        if (challenge === undefined) throw new ProblemError('forbidden', 'The verify token does not match.');
        return reply.type('text/plain').serializer(String).send(challenge);
      },
    );
    api.post(
      '/webhooks/:kind/:appKey/:channel',
      { config, bodyLimit, schema: { tags, summary: 'A provider tells what happened', params } },
      async (request, reply) => {
        const { app, channel, intake } = await find(request.params);
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        if (!intake.verify(body, request.headers, channel.settings)) {
          audit({
            appId: app.id,
            actor: `address ${request.ip}`,
            action: 'webhook.refuse',
            target: channel.name,
          });
          throw new ProblemError('invalid_signature', 'The signature does not match the body.');
        }
        const read = parseJson(body);
        const known = intake.split(read, channel.settings);
        // What was signed is kept, whatever it is: the provider would send it again and again.
        const split = known.length > 0 ? known : [unreadable(read)];
        const channels = channelsByAccount(
          { app, called: channel, intake },
          new Set(split.flatMap(({ accountId }) => accountId ?? [])),
          ({ settings }) => intake.verify(body, request.headers, settings),
        );
        const updates = split.map((update) => ({
          ...update,
          channel: update.accountId === null ? channel.name : (channels.get(update.accountId) ?? null),
        }));
        const received = {
          app,
          provider: channel.kind,
          event: intake.event,
          webhookEvents: updates,
          fallbackChannel: channel.name,
        };
        await unitOfWork.run((tx) => receiveWebhook(tx, received));
        notify([listNotice(app.id, 'webhook-events')]);
        return reply.code(200).send({ received: updates.length });
      },
    );
  };
}

/**
 * The channels that updates are for, by the provider's account: a provider calls one address for all accounts of its
 * app, so the other channels of ours count too, where the signature is right by their own secret.
 */
function channelsByAccount(
  { app, called, intake }: { app: AppProfile; called: ChannelProfile; intake: WebhookIntake },
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

// biome-ignore lint/suspicious/noControlCharactersInRegex: the control character is what is looked for
const unstorable = /\u0000|\p{Surrogate}/gu;

const storable = (text: string) => text.replace(unstorable, '');

/** Names in an object are texts as well. */
function withStorableNames(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if (Object.keys(value).every((name) => storable(name) === name)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [storable(name), part]));
}

/**
 * A body as JSON, or as a text where it is none. What PostgreSQL cannot store is left out, rather than the whole update
 * lost.
 */
function parseJson(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    const known: unknown = JSON.parse(text, (_name, value) =>
      typeof value === 'string' ? storable(value) : withStorableNames(value),
    );
    return known;
  } catch {
    return storable(text);
  }
}
