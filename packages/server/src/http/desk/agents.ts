import {
  type Agent,
  agentSchema,
  availabilityBody,
  loginBody,
  loginResultSchema,
  ProblemError,
  refreshBody,
  tokensSchema,
} from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { writeAudit } from '../../audit/audit.ts';
import type { AccessTokens } from '../../auth/access-tokens.ts';
import { verifyPassword } from '../../auth/passwords.ts';
import {
  type IssuedRefreshToken,
  issueRefreshToken,
  revokeFamily,
  rotateRefreshToken,
  rotationProblem,
} from '../../auth/refresh-tokens.ts';
import { setAvailability } from '../../commands/set-availability.ts';
import { findAgentByEmail, requireAgent } from '../../queries/agents.ts';
import { staffOf, staffRoles } from '../access.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { limiter } from '../limits.ts';

const config = { access: staffRoles };
const tags = ['agents'];

/** Logins per minute from one address, which may be a whole office, and for one email address from there. */
const loginsPerMinute = { address: 60, email: 6 } as const;
const refreshesPerMinute = 60;

/** Logging in and out, and an agent's own availability. */
export function agentRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addLoginRoute(api, deps);
    addRefreshRoute(api, deps);
    addLogoutRoute(api, deps);
    addOwnRoutes(api, deps);
  };
}

function addLoginRoute(api: Api, { database, unitOfWork, accessTokens }: HttpDeps): void {
  api.post(
    '/v1/agents/login',
    {
      config: { access: 'public' },
      preHandler: [
        limiter(api, loginsPerMinute.address, (request) => request.ip),
        limiter(api, loginsPerMinute.email, (request) => `${request.ip} ${emailIn(request)}`),
      ],
      schema: { tags, summary: 'Log in', body: loginBody, response: { 200: loginResultSchema } },
    },
    async (request) => {
      const { email, password } = request.body;
      const found = await findAgentByEmail(database, email);
      const enabled = found && !found.agent.disabled ? found : undefined;
      // Verified for unknown addresses too, so that the response time does not reveal which addresses exist.
      const matches = await verifyPassword(enabled?.passwordHash ?? null, password);
      if (!enabled || !matches) {
        throw new ProblemError(
          'invalid_credentials',
          'Wrong email or password. Try again, or ask an administrator to reset your password.',
        );
      }
      const { agent } = enabled;
      const issued = await unitOfWork.run(async (tx) => {
        const actor = `agent ${agent.id}`;
        await writeAudit(tx.sql, { appId: null, actor, action: 'agent.login', target: actor });
        return issueRefreshToken(tx.sql, { kind: 'agent', agentId: agent.id });
      });
      return { ...(await issueTokens(accessTokens, agent, issued)), agent };
    },
  );
}

function addRefreshRoute(api: Api, { database, unitOfWork, accessTokens }: HttpDeps): void {
  api.post(
    '/v1/agents/refresh',
    {
      config: { access: 'public' },
      preHandler: limiter(api, refreshesPerMinute, (request) => request.ip),
      schema: {
        tags,
        summary: 'Exchange a refresh token',
        body: refreshBody,
        response: { 200: tokensSchema },
      },
    },
    async (request) => {
      const rotation = await unitOfWork.run((tx) =>
        rotateRefreshToken(tx.sql, 'agent', request.body.refreshToken),
      );
      if (rotation.outcome !== 'rotated') throw rotationProblem(rotation.outcome);
      const agent = await requireAgent(database, rotation.holder.agentId);
      if (agent.disabled) throw rotationProblem('revoked');
      return issueTokens(accessTokens, agent, rotation.issued);
    },
  );
}

function addLogoutRoute(api: Api, { unitOfWork, authenticator }: HttpDeps): void {
  api.post(
    '/v1/agents/logout',
    { config, schema: { tags, summary: 'Log out', response: { 204: z.null() } } },
    async (request, reply) => {
      const family = await authenticator.loginOf(request.headers.authorization);
      if (family) await unitOfWork.run((tx) => revokeFamily(tx.sql, family));
      authenticator.forget();
      return reply.code(204).send(null);
    },
  );
}

function addOwnRoutes(api: Api, { database, unitOfWork, queueNotifier }: HttpDeps): void {
  api.get(
    '/v1/agents/me',
    { config, schema: { tags, summary: 'Get your own account', response: { 200: agentSchema } } },
    (request) => requireAgent(database, staffOf(request).agentId),
  );
  api.put(
    '/v1/agents/me/availability',
    {
      config,
      schema: {
        tags,
        summary: 'Set your availability and capacity',
        body: availabilityBody,
        response: { 200: agentSchema },
      },
    },
    async (request) => {
      const { agentId } = staffOf(request);
      await unitOfWork.run((tx) => setAvailability(tx, { agentId, ...request.body }));
      const agent = await requireAgent(database, agentId);
      if (request.body.availability !== undefined) queueNotifier.agentChanged(agent);
      return agent;
    },
  );
}

async function issueTokens(
  accessTokens: AccessTokens,
  agent: Pick<Agent, 'id' | 'role'>,
  { family, refreshToken }: IssuedRefreshToken,
) {
  const { accessToken, expiresInSeconds } = await accessTokens.issue({
    kind: 'agent',
    agentId: agent.id,
    role: agent.role,
    family,
  });
  return { accessToken, expiresInSeconds, refreshToken };
}

function emailIn({ body }: FastifyRequest): string {
  return loginBody.parse(body).email.toLowerCase();
}
