import { ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import type { AppProfile, ChannelProfile } from '../apps/app-directory.ts';
import type { WebhookIntake } from '../channels/channel.ts';
import { adapterFor } from '../channels/index.ts';
import { receiveWebhook } from '../commands/receive-webhook.ts';
import type { HttpDependencies, RoutePlugin } from './http-dependencies.ts';

const params = z.strictObject({ appKey: z.string().max(64), channel: z.string().max(64) });
/** All of a provider's traffic comes from a few addresses. */
const config = { access: 'public' as const, limitFactor: 100 };
const tags = ['webhooks'];

/**
 * Where providers call. What is verified is stored raw and answered at once; also while too much waits to be
 * handled, as a provider that is refused for long unsubscribes.
 */
export function webhookRoutes({ apps, unitOfWork, audit }: HttpDependencies): RoutePlugin {
  async function find({ appKey, channel: name }: z.output<typeof params>): Promise<{
    app: AppProfile;
    channel: ChannelProfile;
    intake: WebhookIntake;
  }> {
    const app = await apps.byKey(appKey);
    const channel = app?.channels.get(name);
    const intake = channel?.kind === 'facebook' ? adapterFor(channel.kind)?.webhook : undefined;
    if (!app?.enabled || !channel?.enabled || !intake) {
      throw new ProblemError('not_found', 'There is no such webhook.');
    }
    return { app, channel, intake };
  }

  return (api) => {
    // The signature is over the bytes, so they must come here untouched.
    api.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    api.get(
      '/webhooks/facebook/:appKey/:channel',
      { config, schema: { tags, summary: 'Meta asks whether the address is ours', params } },
      async (request, reply) => {
        const { channel, intake } = await find(request.params);
        const challenge = intake.confirm(request.query as Record<string, unknown>, channel.settings);
        if (challenge === undefined) throw new ProblemError('forbidden', 'The verify token is not ours.');
        return reply.type('text/plain').serializer(String).send(challenge);
      },
    );
    api.post(
      '/webhooks/facebook/:appKey/:channel',
      { config, schema: { tags, summary: 'Meta tells what happened', params } },
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
          throw new ProblemError('wrong_signature', 'The signature does not fit the body.');
        }
        const updates = intake.split(parseJson(body));
        await unitOfWork.run((tx) =>
          receiveWebhook(tx, { app, channel: channel.name, provider: 'facebook', updates }),
        );
        return reply.code(200).send({ received: updates.length });
      },
    );
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the control character is what is looked for
const unstorable = /\u0000|\p{Surrogate}/gu;

/** What PostgreSQL cannot store is left out, rather than the whole update lost. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'), (_name, value) =>
      typeof value === 'string' ? value.replace(unstorable, '') : value,
    );
  } catch {
    throw new ProblemError('bad_request', 'The body is not JSON.');
  }
}
