import {
  meSchema,
  offlineMessageBody,
  ownProfileSchema,
  ProblemError,
  parseConversationKey,
  profileSchema,
  storedOfflineMessageSchema,
  teamAvailabilityQuery,
  teamAvailabilitySchema,
} from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { requireApp } from '../../apps/app-directory.ts';
import { requireIntakeChannel } from '../../commands/intake-channel.ts';
import { leaveMessage } from '../../commands/leave-message.ts';
import { updateVisitorProfile } from '../../commands/start-visit.ts';
import { activeSession, requireCustomer } from '../../queries/conversations.ts';
import { readAssignedAgent, readAvailability, readQueuePosition } from '../../queries/waiting.ts';
import type { Contact } from '../../state/customers.ts';
import { customerOf } from '../access.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idempotencyOf } from '../idempotency.ts';
import { limiter } from '../limits.ts';
import { requestCause } from '../request-cause.ts';

const customers = { access: ['customer'] as const };
const tags = ['conversation'];
/** From one address: each message may send an email. */
const offlineMessagesPerMinute = 6;

/** A visitor's own profile and state, the team's availability, and offline messages. */
export function meRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addAvailabilityRoute(api, deps);
    addMeRoute(api, deps);
    addProfileRoute(api, deps);
    addOfflineMessageRoute(api, deps);
  };
}

function contactOf(request: FastifyRequest): Contact {
  const { appId, customerId, contactIdentityId, conversationKey } = customerOf(request);
  const { channel } = parseConversationKey(conversationKey);
  return { appId, channel, customerId, contactIdentityId, conversationKey };
}

function addAvailabilityRoute(api: Api, { database, apps }: HttpDeps): void {
  api.get(
    '/v1/team-availability',
    {
      config: { access: 'public' },
      schema: {
        tags: ['visitors'],
        summary: 'Get the availability of the team',
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
}

function addMeRoute(api: Api, { database, apps }: HttpDeps): void {
  api.get(
    '/v1/me',
    {
      config: customers,
      schema: {
        tags,
        summary: 'Get your profile, session, queue position and agent',
        response: { 200: meSchema },
      },
    },
    async (request) => {
      const { appId, customerId, conversationKey } = customerOf(request);
      const { settings } = await requireApp(apps, appId);
      return database.sql.snapshot(async (reader) => {
        const [customer, session, opening] = await Promise.all([
          requireCustomer(reader, customerId),
          activeSession(reader, conversationKey),
          readAvailability(reader, appId, settings),
        ]);
        if (!session) return { customer, session: null, opening, queuePosition: null, agent: null };
        const [position, agent] = await Promise.all([
          readQueuePosition(reader, session, opening.isOpen && opening.isStaffed),
          readAssignedAgent(reader, session),
        ]);
        return { customer, session, opening, queuePosition: position, agent };
      });
    },
  );
}

function addProfileRoute(api: Api, { unitOfWork, apps }: HttpDeps): void {
  api.patch(
    '/v1/me',
    {
      config: customers,
      schema: {
        tags,
        summary: 'Fill in your profile; only verified visitors can overwrite what is known',
        body: profileSchema,
        response: { 200: ownProfileSchema },
      },
    },
    async (request) => {
      const contact = contactOf(request);
      const app = await requireApp(apps, contact.appId);
      const customer = await unitOfWork.run(
        (tx) => updateVisitorProfile(tx, { app, contact, profile: request.body }),
        requestCause(request),
      );
      return { customer };
    },
  );
}

function addOfflineMessageRoute(api: Api, { unitOfWork, apps, channels }: HttpDeps): void {
  api.post(
    '/v1/offline-messages',
    {
      config: { ...customers, addsLoad: true, isRepeatable: true },
      preHandler: limiter(api, offlineMessagesPerMinute, (request) => request.ip),
      schema: {
        tags,
        summary: 'Leave a message while the team is offline',
        description:
          'It opens a case for an agent: in an email conversation if the app has an email channel, else in this one.',
        body: offlineMessageBody,
        response: { 201: storedOfflineMessageSchema },
      },
    },
    async (request, reply) => {
      const contact = contactOf(request);
      const app = await requireApp(apps, contact.appId);
      requireIntakeChannel(channels, { app, channel: contact.channel, source: 'visitor' });
      if (app.settings.offline.form === 'never') {
        throw new ProblemError(
          'forbidden',
          'The offline form is turned off for this app. Write in the chat instead.',
        );
      }
      const idempotency = idempotencyOf(request, `customer ${contact.customerId}`);
      const stored = await unitOfWork.run(
        (tx) => leaveMessage(tx, channels, { app, contact, form: request.body, idempotency }),
        requestCause(request),
      );
      return reply.code(201).send(stored);
    },
  );
}
