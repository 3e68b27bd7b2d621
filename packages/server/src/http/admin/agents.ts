import { agentQuery, agentSchema, changeAgentBody, newAgentBody, pageOf, setupBody } from '@mevrik/protocol';
import { hashPassword } from '../../auth/passwords.ts';
import { changeAgent, createAgent, createFirstAdministrator } from '../../commands/admin/manage-agents.ts';
import { beforeId, toListPage } from '../../db/page.ts';
import { listAgents, requireAgent } from '../../queries/agents.ts';
import { actorOf } from '../access.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { limiter } from '../limits.ts';
import { smallIdParams } from '../params.ts';

const config = { access: ['admin'] as const };
const tags = ['administration'];
const setupsPerMinute = 20;

/** Managing agents, and creating the first administrator. */
export function agentAdminRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addSetupRoute(api, deps);
    addAgentListRoutes(api, deps);
    addChangeRoute(api, deps);
  };
}

function addSetupRoute(api: Api, { database, unitOfWork }: HttpDeps): void {
  api.post(
    '/v1/setup',
    {
      config: { access: 'public' },
      preHandler: limiter(api, setupsPerMinute, (request) => request.ip),
      schema: {
        tags,
        summary: 'Create the first administrator, with the token that the server prints at its first start',
        body: setupBody,
        response: { 201: agentSchema },
      },
    },
    async (request, reply) => {
      const { password, ...body } = request.body;
      const passwordHash = await hashPassword(password);
      const id = await unitOfWork.run((tx) => createFirstAdministrator(tx, { ...body, passwordHash }));
      return reply.code(201).send(await requireAgent(database, id));
    },
  );
}

function addAgentListRoutes(api: Api, { database, unitOfWork }: HttpDeps): void {
  api.get(
    '/v1/admin/agents',
    {
      config,
      schema: {
        tags,
        summary: 'List agents',
        querystring: agentQuery,
        response: { 200: pageOf(agentSchema) },
      },
    },
    async (request) => {
      const { limit, search, role } = request.query;
      const before = beforeId(request.query);
      const rows = await listAgents(database, { before, limit: limit + 1, search, role });
      return toListPage(rows, limit, (agent) => agent);
    },
  );
  api.post(
    '/v1/admin/agents',
    {
      config,
      schema: { tags, summary: 'Add an agent', body: newAgentBody, response: { 201: agentSchema } },
    },
    async (request, reply) => {
      const { password, ...body } = request.body;
      const agent = { ...body, passwordHash: await hashPassword(password) };
      const id = await unitOfWork.run((tx) => createAgent(tx, { actor: actorOf(request), agent }));
      return reply.code(201).send(await requireAgent(database, id));
    },
  );
}

function addChangeRoute(api: Api, deps: HttpDeps): void {
  const { database, unitOfWork, apps, authenticator, queueNotifier } = deps;
  api.patch(
    '/v1/admin/agents/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Change or disable an agent',
        description: 'Conversations that the agent may no longer serve return to their queues.',
        params: smallIdParams,
        body: changeAgentBody,
        response: { 200: agentSchema },
      },
    },
    async (request) => {
      const { password, ...body } = request.body;
      const changes = password === undefined ? body : { ...body, passwordHash: await hashPassword(password) };
      await unitOfWork.run((tx) =>
        changeAgent(tx, { actor: actorOf(request), agentId: request.params.id, changes, apps }),
      );
      authenticator.forget();
      const agent = await requireAgent(database, request.params.id);
      queueNotifier.agentChanged(agent);
      return agent;
    },
  );
}
