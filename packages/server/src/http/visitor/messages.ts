import {
  type AttachmentInput,
  csatAnswerBody,
  externalMessageBody,
  conversationKey as keyOf,
  type Message,
  type MessageContent,
  messageSchema,
  ProblemError,
  pageOf,
  pageQuery,
  postbackBody,
  postMessageBody,
  quickReplyBody,
  readBody,
  type Session,
  storedMessageSchema,
  topics,
  typingBody,
} from '@mevrik/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireApp } from '../../apps/app-directory.ts';
import { markSessionRead } from '../../commands/mark-session-read.ts';
import { receiveExternal } from '../../commands/receive-external.ts';
import { type IncomingKind, receiveMessage } from '../../commands/receive-message.ts';
import { notifier } from '../../live/publisher.ts';
import { activeSession, listMessages } from '../../queries/conversations.ts';
import { openSurvey } from '../../state/surveys.ts';
import { appOf, channelOf, customerOf, uploaderOf } from '../access.ts';
import { causeOf } from '../cause.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idempotencyOf } from '../idempotency.ts';
import { signed } from '../signed.ts';

const customers = { access: ['customer'] as const };
const writing = { access: ['customer'] as const, addsLoad: true, isRepeatable: true };
const stored = { 200: storedMessageSchema, 201: storedMessageSchema };
const tags = ['conversation'];

/** What visitors do in their conversation. */
export function messageRoutes(dependencies: HttpDeps): RoutePlugin {
  const { database, unitOfWork, apps, channels, files } = dependencies;
  const notify = notifier(dependencies);

  /** Stores a message; a repeated request is answered with the first one's message, and 200. */
  async function write(
    request: FastifyRequest,
    reply: FastifyReply,
    kind: IncomingKind,
    said: Omit<MessageContent, 'attachments'>,
    attached: readonly AttachmentInput[] = [],
  ): Promise<{ message: Message; session: Session }> {
    const { appId, customerId, contactIdentityId, conversationKey } = customerOf(request);
    const app = await requireApp(apps, appId);
    const channel = channelOf(conversationKey);
    const idempotency = idempotencyOf(request, `customer ${customerId}`);
    const { message, session, repeated } = await unitOfWork.run(async (tx) => {
      const attachments = await files.claim(tx.sql, { appId, by: uploaderOf(request) }, attached);
      const content = { ...said, ...(attachments.length === 0 ? {} : { attachments }) };
      const contact = { appId, channel, customerId, contactIdentityId, conversationKey };
      const answer = await receiveMessage(tx, { app, contact, kind, content, idempotency });
      if (kind === 'csat_answer' && !answer.repeated && !(await openSurvey(tx, answer.session.id))) {
        throw new ProblemError('survey_closed', 'There is no open survey to answer.');
      }
      return answer;
    }, causeOf(request));
    reply.code(repeated ? 200 : 201);
    return { message, session };
  }

  async function requireActive(request: FastifyRequest) {
    const session = await activeSession(database, customerOf(request).conversationKey);
    if (!session) throw new ProblemError('session_ended', 'Send a message to start a new session.');
    return session;
  }

  return (api) => {
    api.post(
      '/v1/messages',
      {
        config: writing,
        schema: { tags, summary: 'Write a message', body: postMessageBody, response: stored },
      },
      (request, reply) => {
        const { text, attachments, kind } = request.body;
        const said = text === undefined ? {} : { text };
        return write(request, reply, kind ?? (attachments ? 'attachment' : 'text'), said, attachments);
      },
    );
    api.post(
      '/v1/postbacks',
      { config: writing, schema: { tags, summary: 'Press a button', body: postbackBody, response: stored } },
      (request, reply) =>
        write(request, reply, 'postback', { text: request.body.title, postback: request.body }),
    );
    api.post(
      '/v1/quick-replies',
      {
        config: writing,
        schema: { tags, summary: 'Choose a quick reply', body: quickReplyBody, response: stored },
      },
      (request, reply) =>
        write(request, reply, 'quick_reply', { text: request.body.title, quickReply: request.body }),
    );
    api.post(
      '/v1/csat-answers',
      {
        config: writing,
        schema: { tags, summary: 'Answer the survey', body: csatAnswerBody, response: stored },
      },
      (request, reply) => write(request, reply, 'csat_answer', { csat: request.body }),
    );
    api.get(
      '/v1/messages',
      {
        config: customers,
        schema: {
          tags,
          summary: 'The history, newest first',
          querystring: pageQuery,
          response: { 200: pageOf(messageSchema) },
        },
      },
      async (request) => {
        const asked = { ...request.query, withNotes: false };
        return signed(files, await listMessages(database, customerOf(request).conversationKey, asked));
      },
    );
    api.post(
      '/v1/typing',
      {
        config: customers,
        schema: { tags, summary: 'Say that I am typing', body: typingBody, response: { 204: z.null() } },
      },
      async (request, reply) => {
        const session = await requireActive(request);
        const payload = { sessionId: session.id, by: 'customer', typing: request.body.typing };
        notify([{ appId: session.appId, topic: topics.session(session.id), event: 'typing', payload }]);
        return reply.code(204).send(null);
      },
    );
    api.post(
      '/v1/read',
      {
        config: customers,
        schema: { tags, summary: 'Say how far I have read', body: readBody, response: { 204: z.null() } },
      },
      async (request, reply) => {
        const { id: sessionId, appId } = await requireActive(request);
        const { messageId } = request.body;
        await unitOfWork.run((tx) =>
          markSessionRead(tx, { sessionId, by: 'customer', messageId, authorize() {} }),
        );
        const payload = { sessionId, by: 'customer', messageId };
        notify([{ appId, topic: topics.session(sessionId), event: 'message_read', payload }]);
        return reply.code(204).send(null);
      },
    );
    api.post(
      '/v1/external-messages',
      {
        config: { access: ['service'], addsLoad: true },
        schema: {
          tags: ['back end'],
          summary: 'Bring in a message from a channel of the app’s own',
          description:
            'Authenticate with Basic: the key and the secret of the app. What comes twice is stored once.',
          body: externalMessageBody,
          response: { 202: z.object({ accepted: z.literal(true) }) },
        },
      },
      async (request, reply) => {
        const app = await requireApp(apps, appOf(request).appId);
        const { channel, contactId, sentAt, kind, content: said, ...rest } = request.body;
        const adapter = channels.adapterFor(app.channels.get(channel)?.kind ?? '');
        if (adapter?.source !== 'backend') {
          throw new ProblemError('invalid_input', 'The app has no `api` channel with this name.', {
            fields: [{ path: 'channel', message: 'is not an `api` channel of the app' }],
          });
        }
        const { attachments: attached = [], ...words } = said;
        const place = {
          appId: app.id,
          channel,
          contactId,
          conversationKey: keyOf(app.id, channel, contactId),
        };
        await unitOfWork.run(async (tx) => {
          const attachments = await files.claim(tx.sql, { appId: app.id, by: uploaderOf(request) }, attached);
          const content = { ...words, ...(attachments.length === 0 ? {} : { attachments }) };
          await receiveExternal(tx, {
            ...rest,
            ...place,
            kind,
            content,
            sentAt: sentAt ?? new Date().toISOString(),
          });
        }, causeOf(request));
        return reply.code(202).send({ accepted: true });
      },
    );
  };
}
