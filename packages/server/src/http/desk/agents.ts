import {
  agentSchema,
  availabilityBody,
  loginBody,
  ProblemError,
  refreshBody,
  tokensSchema,
} from '@mevrik/protocol';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { writeAudit } from '../../audit/audit.ts';
import type { TokenSubject } from '../../auth/access-tokens.ts';
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
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { limiter } from '../limits.ts';

const tags = ['agents'];

/** Log-ins from one address, which may be a whole office, and for one person from there. */
const loginsPerMinute = { address: 60, person: 6 } as const;

function emailIn({ body }: FastifyRequest): string {
  return loginBody.parse(body).email.toLowerCase();
}

/** Logging in and out, and what agents say of themselves. */
export function agentRoutes({
  database,
  unitOfWork,
  accessTokens,
  authenticator,
  reception,
}: HttpDeps): RoutePlugin {
  async function tokensFor(
    agent: { readonly id: number; readonly role: 'agent' | 'supervisor' | 'admin' },
    issued: IssuedRefreshToken,
  ) {
    const subject: TokenSubject = {
      kind: 'agent',
      agentId: agent.id,
      role: agent.role,
      family: issued.family,
    };
    return { ...(await accessTokens.issue(subject)), refreshToken: issued.refreshToken };
  }

  return (api) => {
    api.post(
      '/v1/agents/login',
      {
        config: { access: 'public' },
        preHandler: [
          limiter(api, loginsPerMinute.address, (request) => request.ip),
          limiter(api, loginsPerMinute.person, (request) => `${request.ip} ${emailIn(request)}`),
        ],
        schema: {
          tags,
          summary: 'Log in',
          body: loginBody,
          response: { 200: tokensSchema.extend({ agent: agentSchema }) },
        },
      },
      async (request) => {
        const { email, password } = request.body;
        const found = await findAgentByEmail(database, email);
        const usable = found && !found.agent.disabled ? found : undefined;
        // Also looked at where there is no such agent, so that the time does not tell who exists.
        const matches = await verifyPassword(usable?.passwordHash ?? null, password);
        if (!usable || !matches) {
          throw new ProblemError(
            'invalid_credentials',
            'Try again, or ask an administrator to reset your password.',
          );
        }
        const { agent } = usable;
        const issued = await unitOfWork.run(async (tx) => {
          const actor = `agent ${agent.id}`;
          await writeAudit(tx.sql, { appId: null, actor, action: 'agent.login', target: actor });
          return issueRefreshToken(tx.sql, { kind: 'agent', agentId: agent.id });
        });
        return { ...(await tokensFor(agent, issued)), agent };
      },
    );
    api.post(
      '/v1/agents/refresh',
      {
        config: { access: 'public' },
        preHandler: limiter(api, 60, (request) => request.ip),
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
        return tokensFor(agent, rotation.issued);
      },
    );
    api.post(
      '/v1/agents/logout',
      { config: { access: staffRoles }, schema: { tags, summary: 'Log out', response: { 204: z.null() } } },
      async (request, reply) => {
        const family = await authenticator.loginOf(request.headers.authorization);
        if (family) await unitOfWork.run((tx) => revokeFamily(tx.sql, family));
        authenticator.forget();
        return reply.code(204).send(null);
      },
    );
    api.get(
      '/v1/agents/me',
      {
        config: { access: staffRoles },
        schema: { tags, summary: 'Who I am', response: { 200: agentSchema } },
      },
      (request) => requireAgent(database, staffOf(request).agentId),
    );
    api.put(
      '/v1/agents/me/availability',
      {
        config: { access: staffRoles },
        schema: {
          tags,
          summary: 'Say whether I take conversations',
          body: availabilityBody,
          response: { 200: agentSchema },
        },
      },
      async (request) => {
        const { agentId } = staffOf(request);
        await unitOfWork.run((tx) => setAvailability(tx, { agentId, ...request.body }));
        const agent = await requireAgent(database, agentId);
        if (request.body.availability !== undefined) reception.agentChanged(agent);
        return agent;
      },
    );
  };
}
