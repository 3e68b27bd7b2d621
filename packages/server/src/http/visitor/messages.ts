import {
  type AttachmentInput,
  csatAnswerBody,
  type Message,
  type MessageContent,
  messageSchema,
  ProblemError,
  pageOf,
  pageQuery,
  parseConversationKey,
  postbackBody,
  postMessageBody,
  quickReplyBody,
  type Session,
  storedMessageSchema,
} from '@mevrik/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { requireApp } from '../../apps/app-directory.ts';
import { requireIntakeChannel } from '../../commands/intake-channel.ts';
import { type IncomingKind, receiveMessage } from '../../commands/receive-message.ts';
import { listMessages } from '../../queries/conversations.ts';
import { openSurvey } from '../../state/surveys.ts';
import { customerOf, uploaderOf } from '../access.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idempotencyOf } from '../idempotency.ts';
import { requestCause } from '../request-cause.ts';
import { withSignedFiles } from '../signed-files.ts';

const writing = { access: ['customer'] as const, addsLoad: true, isRepeatable: true };
const stored = { 200: storedMessageSchema, 201: storedMessageSchema };
const tags = ['conversation'];

/** What visitors write in their conversation, and reading it. */
export function messageRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addMessageRoutes(api, deps);
    addChoiceRoutes(api, deps);
    addHistoryRoute(api, deps);
  };
}

function addMessageRoutes(api: Api, deps: HttpDeps): void {
  const store = messageStore(deps);
  api.post(
    '/v1/messages',
    {
      config: writing,
      schema: { tags, summary: 'Send a message', body: postMessageBody, response: stored },
    },
    (request, reply) => {
      const { text, attachments, kind } = request.body;
      const content = text === undefined ? {} : { text };
      return store(request, reply, kind ?? (attachments ? 'attachment' : 'text'), content, attachments);
    },
  );
  api.post(
    '/v1/csat-answers',
    {
      config: writing,
      schema: { tags, summary: 'Answer the survey', body: csatAnswerBody, response: stored },
    },
    (request, reply) => store(request, reply, 'csat_answer', { csat: request.body }),
  );
}

function addChoiceRoutes(api: Api, deps: HttpDeps): void {
  const store = messageStore(deps);
  api.post(
    '/v1/postbacks',
    { config: writing, schema: { tags, summary: 'Press a button', body: postbackBody, response: stored } },
    (request, reply) =>
      store(request, reply, 'postback', { text: request.body.title, postback: request.body }),
  );
  api.post(
    '/v1/quick-replies',
    {
      config: writing,
      schema: { tags, summary: 'Choose a quick reply', body: quickReplyBody, response: stored },
    },
    (request, reply) =>
      store(request, reply, 'quick_reply', { text: request.body.title, quickReply: request.body }),
  );
}

function addHistoryRoute(api: Api, { database, files }: HttpDeps): void {
  api.get(
    '/v1/messages',
    {
      config: { access: ['customer'] },
      schema: {
        tags,
        summary: 'List the messages of your conversation, newest first',
        querystring: pageQuery,
        response: { 200: pageOf(messageSchema) },
      },
    },
    async (request) => {
      const { conversationKey } = customerOf(request);
      const page = await listMessages(database, conversationKey, { ...request.query, withNotes: false });
      return withSignedFiles(files, page);
    },
  );
}

/** Stores a visitor's message. A repeated request returns the first one's message with status 200. */
function messageStore({ unitOfWork, apps, channels, files }: HttpDeps) {
  return async (
    request: FastifyRequest,
    reply: FastifyReply,
    kind: IncomingKind,
    content: Omit<MessageContent, 'attachments'>,
    uploads: readonly AttachmentInput[] = [],
  ): Promise<{ message: Message; session: Session }> => {
    const { appId, customerId, contactIdentityId, conversationKey } = customerOf(request);
    const app = await requireApp(apps, appId);
    const { channel } = parseConversationKey(conversationKey);
    requireIntakeChannel(channels, { app, channel, source: 'visitor' });
    const { message, session, repeated } = await unitOfWork.run(async (tx) => {
      const attachments = await files.claim(tx.sql, { appId, by: uploaderOf(request) }, uploads);
      const received = await receiveMessage(tx, {
        app,
        contact: { appId, channel, customerId, contactIdentityId, conversationKey },
        kind,
        content: attachments.length === 0 ? content : { ...content, attachments },
        idempotency: idempotencyOf(request, `customer ${customerId}`),
      });
      if (kind === 'csat_answer' && !received.repeated && !(await openSurvey(tx, received.session.id))) {
        throw new ProblemError('survey_closed', 'There is no open survey to answer.');
      }
      return received;
    }, requestCause(request));
    reply.code(repeated ? 200 : 201);
    return { message, session };
  };
}
