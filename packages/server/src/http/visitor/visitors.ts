import { randomUUID } from 'node:crypto';
import { ProblemError, refreshBody, startVisitBody, visitSchema } from '@mevrik/protocol';
import { type AppProfile, requireApp } from '../../apps/app-directory.ts';
import {
  type IssuedRefreshToken,
  issueRefreshToken,
  rotateRefreshToken,
  rotationProblem,
} from '../../auth/refresh-tokens.ts';
import { isIdentityProven } from '../../auth/secrets.ts';
import type { ChannelRegistry } from '../../channels/registry.ts';
import { resumeVisit, type StartedVisit, startVisit, verifiedPrefix } from '../../commands/start-visit.ts';
import type { Contact } from '../../state/customers.ts';
import { causeOf } from '../cause.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

/** Where visitors get their tokens. */
export function visitorRoutes({ unitOfWork, apps, channels, accessTokens }: HttpDeps): RoutePlugin {
  async function answer(contact: Contact, visit: StartedVisit, issued: IssuedRefreshToken) {
    const { appId, customerId, contactIdentityId, conversationKey } = contact;
    const access = await accessTokens.issue({
      kind: 'customer',
      appId,
      customerId,
      contactIdentityId,
      conversationKey,
    });
    const { customer, session, resumed } = visit;
    return { ...access, refreshToken: issued.refreshToken, customer, session, resumed };
  }

  return (api) => {
    api.post(
      '/v1/visitors',
      {
        config: { access: 'public', addsLoad: true },
        schema: {
          tags: ['visitors'],
          summary: 'Begin a visit, or resume one that the app vouches for',
          body: startVisitBody,
          response: { 201: visitSchema },
        },
      },
      async (request, reply) => {
        const { appKey, channel, identity, profile } = request.body;
        const app = await apps.byKey(appKey);
        if (!app?.enabled) throw new ProblemError('unknown_app', 'Check the app key.');
        assertVisitorChannel(channels, app, channel);
        const externalId = provenIdentity(app, identity);
        const { visit, issued } = await unitOfWork.run(async (tx) => {
          const visit = await startVisit(tx, {
            app,
            channel,
            contactId: externalId === undefined ? randomUUID() : `${verifiedPrefix}${externalId}`,
            verifiedExternalId: externalId,
            profile,
          });
          const holder = { kind: 'customer', contactIdentityId: visit.contact.contactIdentityId } as const;
          return { visit, issued: await issueRefreshToken(tx.sql, holder) };
        }, causeOf(request));
        return reply.code(201).send(await answer(visit.contact, visit, issued));
      },
    );

    api.post(
      '/v1/visitors/refresh',
      {
        config: { access: 'public' },
        schema: {
          tags: ['visitors'],
          summary: 'Resume a visit with the refresh token of the last one',
          body: refreshBody,
          response: { 200: visitSchema },
        },
      },
      async (request) => {
        // A token in two hands is answered outside of the transaction, so that its revocation commits.
        const resumed = await unitOfWork.run(async (tx) => {
          const rotation = await rotateRefreshToken(tx.sql, 'customer', request.body.refreshToken);
          if (rotation.outcome !== 'rotated') return rotation;
          const findApp = (id: number) => requireApp(apps, id);
          const visit = await resumeVisit(tx, findApp, rotation.holder.contactIdentityId);
          return { ...rotation, visit };
        }, causeOf(request));
        if (resumed.outcome !== 'rotated') throw rotationProblem(resumed.outcome);
        return answer(resumed.visit.contact, resumed.visit, resumed.issued);
      },
    );
  };
}

/** Visitors may use channels of their app that are made for them; another kind has writers of its own. */
function assertVisitorChannel(channels: ChannelRegistry, app: AppProfile, name: string): void {
  const channel = app.channels.get(name);
  if (channel?.enabled && channels.adapterFor(channel.kind)?.source === 'visitor') return;
  throw new ProblemError('invalid_input', 'The app has no web channel with this name.', {
    fields: [{ path: 'channel', message: 'is not a web channel of the app' }],
  });
}

function provenIdentity(
  app: AppProfile,
  identity: { readonly externalId: string; readonly signature: string } | undefined,
): string | undefined {
  if (!identity) {
    if (!app.settings.requireIdentity) return undefined;
    throw new ProblemError(
      'invalid_signature',
      'This app requires verified visitors. Send a signed `identity`.',
    );
  }
  if (isIdentityProven(identity.externalId, identity.signature, app.secret)) return identity.externalId;
  throw new ProblemError('invalid_signature', 'The identity signature does not match the app secret.');
}
