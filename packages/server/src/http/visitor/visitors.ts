import { randomUUID } from 'node:crypto';
import { ProblemError, refreshBody, startVisitBody, visitSchema } from '@mevrik/protocol';
import { type AppProfile, requireApp } from '../../apps/app-directory.ts';
import type { AccessTokens } from '../../auth/access-tokens.ts';
import {
  type IssuedRefreshToken,
  issueRefreshToken,
  rotateRefreshToken,
  rotationProblem,
} from '../../auth/refresh-tokens.ts';
import { isIdentityProven } from '../../auth/secrets.ts';
import { requireIntakeChannel } from '../../commands/intake-channel.ts';
import { resumeVisit, type StartedVisit, startVisit, verifiedPrefix } from '../../commands/start-visit.ts';
import { readLogEpoch } from '../../log/log-position.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { requestCause } from '../request-cause.ts';

/** Starting and resuming visits: where visitors get their tokens. */
export function visitorRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addStartRoute(api, deps);
    addRefreshRoute(api, deps);
  };
}

function addStartRoute(api: Api, { unitOfWork, apps, channels, accessTokens }: HttpDeps): void {
  api.post(
    '/v1/visitors',
    {
      config: { access: 'public', addsLoad: true },
      schema: {
        tags: ['visitors'],
        summary: 'Start a visit, or resume one with a verified identity',
        body: startVisitBody,
        response: { 201: visitSchema },
      },
    },
    async (request, reply) => {
      const { appKey, channel, identity, profile } = request.body;
      const app = await apps.byKey(appKey);
      if (!app?.enabled) throw new ProblemError('unknown_app', 'Check the app key.');
      requireIntakeChannel(channels, { app, channel, source: 'visitor' });
      const externalId = provenIdentity(app, identity);
      const { epoch, ...started } = await unitOfWork.run(async (tx) => {
        const visit = await startVisit(tx, {
          app,
          channel,
          contactId: externalId === undefined ? randomUUID() : `${verifiedPrefix}${externalId}`,
          verifiedExternalId: externalId,
          profile,
        });
        const holder = { kind: 'customer', contactIdentityId: visit.contact.contactIdentityId } as const;
        return {
          visit,
          issued: await issueRefreshToken(tx.sql, holder),
          epoch: await readLogEpoch(tx.sql),
        };
      }, requestCause(request));
      return reply.code(201).send(await describeVisit(accessTokens, started, epoch));
    },
  );
}

function addRefreshRoute(api: Api, { unitOfWork, apps, channels, accessTokens }: HttpDeps): void {
  api.post(
    '/v1/visitors/refresh',
    {
      config: { access: 'public' },
      schema: {
        tags: ['visitors'],
        summary: 'Resume a visit with its refresh token',
        body: refreshBody,
        response: { 200: visitSchema },
      },
    },
    async (request) => {
      // A reused token is rejected outside the transaction, so that its revocation commits.
      const resumed = await unitOfWork.run(async (tx) => {
        const rotation = await rotateRefreshToken(tx.sql, 'customer', request.body.refreshToken);
        if (rotation.outcome !== 'rotated') return rotation;
        const findApp = (id: number) => requireApp(apps, id);
        const visit = await resumeVisit(tx, channels, findApp, rotation.holder.contactIdentityId);
        return { ...rotation, visit, epoch: await readLogEpoch(tx.sql) };
      }, requestCause(request));
      if (resumed.outcome !== 'rotated') throw rotationProblem(resumed.outcome);
      return describeVisit(accessTokens, resumed, resumed.epoch);
    },
  );
}

async function describeVisit(
  accessTokens: AccessTokens,
  { visit, issued }: { readonly visit: StartedVisit; readonly issued: IssuedRefreshToken },
  epoch: string,
) {
  const { contact, customer, session, resumed } = visit;
  const { accessToken, expiresInSeconds } = await accessTokens.issue({
    kind: 'customer',
    appId: contact.appId,
    customerId: contact.customerId,
    contactIdentityId: contact.contactIdentityId,
    conversationKey: contact.conversationKey,
    epoch,
  });
  return { accessToken, expiresInSeconds, refreshToken: issued.refreshToken, customer, session, resumed };
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
