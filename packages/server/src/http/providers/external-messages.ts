import { conversationKey, externalMessageBody, requestAcceptedSchema } from '@mevrik/protocol';
import { requireApp } from '../../apps/app-directory.ts';
import { requireIntakeChannel } from '../../commands/intake-channel.ts';
import { receiveExternal } from '../../commands/receive-external.ts';
import { appOf, uploaderOf } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { requestCause } from '../request-cause.ts';

/** Messages that an app's back end brings in from a channel of its own. */
export function externalMessageRoutes({ unitOfWork, apps, channels, files }: HttpDeps): RoutePlugin {
  return (api) => {
    api.post(
      '/v1/external-messages',
      {
        config: { access: ['service'], addsLoad: true },
        schema: {
          tags: ['back end'],
          summary: 'Post a message that a customer wrote on your own channel',
          description:
            'Authenticate with Basic: the key and the secret of the app. A repeated message is stored only once.',
          body: externalMessageBody,
          response: { 202: requestAcceptedSchema },
        },
      },
      async (request, reply) => {
        const app = await requireApp(apps, appOf(request).appId);
        const { channel, contactId, sentAt, kind, content, ...rest } = request.body;
        requireIntakeChannel(channels, { app, channel, source: 'backend' });
        const { attachments: uploads = [], ...withoutUploads } = content;
        await unitOfWork.run(async (tx) => {
          const attachments = await files.claim(tx.sql, { appId: app.id, by: uploaderOf(request) }, uploads);
          await receiveExternal(tx, {
            ...rest,
            appId: app.id,
            channel,
            contactId,
            conversationKey: conversationKey(app.id, channel, contactId),
            kind,
            content: attachments.length === 0 ? withoutUploads : { ...withoutUploads, attachments },
            sentAt: sentAt ?? new Date().toISOString(),
          });
        }, requestCause(request));
        return reply.code(202).send({ accepted: true as const });
      },
    );
  };
}
