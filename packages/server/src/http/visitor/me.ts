import {
  customerSchema,
  meSchema,
  offlineMessageBody,
  ProblemError,
  profileSchema,
  storedOfflineMessageSchema,
  teamAvailabilityQuery,
  teamAvailabilitySchema,
} from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireApp } from '../../apps/app-directory.ts';
import { leaveMessage } from '../../commands/leave-message.ts';
import { updateVisitorProfile } from '../../commands/start-visit.ts';
import { activeSession, requireCustomer } from '../../queries/conversations.ts';
import { readAssignedAgent, readAvailability, readQueuePosition } from '../../queries/waiting.ts';
import { channelOf, customerOf } from '../access.ts';
import { causeOf } from '../cause.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idempotencyOf } from '../idempotency.ts';
import { limiter } from '../limits.ts';

const customers = { access: ['customer'] as const };
const tags = ['conversation'];
/** From one address: each of them may become a mail. */
const leftPerMinute = 6;

/** Who a visitor is, how they stand, and what they leave when nobody is there. */
export function meRoutes({ database, unitOfWork, apps, channels }: HttpDeps): RoutePlugin {
  const contactOf = (request: FastifyRequest) => {
    const { appId, customerId, contactIdentityId, conversationKey } = customerOf(request);
    return { appId, channel: channelOf(conversationKey), customerId, contactIdentityId, conversationKey };
  };

  return (api) => {
    api.get(
      '/v1/team-availability',
      {
        config: { access: 'public' },
        schema: {
          tags: ['visitors'],
          summary: 'Whether anybody is there',
          querystring: teamAvailabilityQuery,
          response: { 200: teamAvailabilitySchema },
        },
      },
      async (request) => {
        const app = await apps.byKey(request.query.appKey);
        if (!app?.enabled) throw new ProblemError('unknown_app', 'Check the app key.');
        return readAvailability(database, app.id, app.settings);
      },
    );
    api.get(
      '/v1/me',
      {
        config: customers,
        schema: {
          tags,
          summary: 'Who I am, my session, my place in line, and who answers',
          response: { 200: meSchema },
        },
      },
      async (request) => {
        const { appId, customerId, conversationKey } = customerOf(request);
        const { settings } = await requireApp(apps, appId);
        const [customer, session, opening] = await Promise.all([
          requireCustomer(database, customerId),
          activeSession(database, conversationKey),
          readAvailability(database, appId, settings),
        ]);
        if (!session) return { customer, session: null, opening, queuePosition: null, agent: null };
        const [place, agent] = await Promise.all([
          readQueuePosition(database, session, opening.isOpen && opening.isStaffed),
          readAssignedAgent(database, session),
        ]);
        return { customer, session, opening, queuePosition: place, agent };
      },
    );
    api.patch(
      '/v1/me',
      {
        config: customers,
        schema: {
          tags,
          summary: 'Say who I am: what is not known yet; whoever the app vouched for may also change it',
          body: profileSchema,
          response: { 200: z.object({ customer: customerSchema }) },
        },
      },
      async (request) => {
        const contact = contactOf(request);
        const app = await requireApp(apps, contact.appId);
        const said = { app, contact, profile: request.body };
        return { customer: await unitOfWork.run((tx) => updateVisitorProfile(tx, said), causeOf(request)) };
      },
    );
    api.post(
      '/v1/offline-messages',
      {
        config: { ...customers, addsLoad: true, isRepeatable: true },
        preHandler: limiter(api, leftPerMinute, (request) => request.ip),
        schema: {
          tags,
          summary: 'Leave a message while nobody is there',
          description:
            'It waits for a person: in a conversation by mail, where the app has a channel for that, else in this one.',
          body: offlineMessageBody,
          response: { 201: storedOfflineMessageSchema },
        },
      },
      async (request, reply) => {
        const contact = contactOf(request);
        const app = await requireApp(apps, contact.appId);
        if (app.settings.offline.form === 'never') {
          throw new ProblemError(
            'forbidden',
            'The offline form is turned off for this app. Write in the chat instead.',
          );
        }
        const idempotency = idempotencyOf(request, `customer ${contact.customerId}`);
        const left = await unitOfWork.run(
          (tx) => leaveMessage(tx, channels, { app, contact, form: request.body, idempotency }),
          causeOf(request),
        );
        return reply.code(201).send(left);
      },
    );
  };
}
