import { agentSchema, idSchema, pageQuery } from '@mevrik/protocol';
import { z } from 'zod';
import { hashPassword, minPasswordLength } from '../../auth/passwords.ts';
import { changeAgent, createAgent, createFirstAdministrator } from '../../commands/admin/manage-agents.ts';
import { listAgents, requireAgent } from '../../queries/agents.ts';
import { beforeId, toListPage } from '../../queries/page.ts';
import { actorOf } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { limiter } from '../limits.ts';

const config = { access: ['admin'] as const };
const tags = ['administration'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema.max(2_147_483_647)) });
const password = z
  .string()
  .min(minPasswordLength, `must have at least ${minPasswordLength} characters`)
  .max(200);
const person = { name: z.string().trim().min(1).max(200), email: z.email().max(320) };
const employment = {
  role: z.enum(['agent', 'supervisor', 'admin']),
  skills: z.array(z.string().min(1).max(64)).max(50).optional(),
  capacity: z.int().min(1).max(100).optional(),
  appIds: z.array(idSchema.max(2_147_483_647)).max(1000).optional(),
};
const agentQuery = pageQuery.extend({
  /** A part of the name, the e-mail address, or a skill. */
  search: z.string().min(1).max(200).optional(),
  role: employment.role.optional(),
});
const setUpBody = z.strictObject({ token: z.string().min(1).max(200), ...person, password });
const agentBody = z.strictObject({ ...person, ...employment, password });
const agentChanges = z.strictObject({
  ...employment,
  name: person.name.optional(),
  role: employment.role.optional(),
  disabled: z.boolean().optional(),
  password: password.optional(),
});

/** The people at the desk, and how the first of them comes to be. */
export function employmentRoutes({ database, unitOfWork, authenticator, reception }: HttpDeps): RoutePlugin {
  return (api) => {
    api.post(
      '/v1/setup',
      {
        config: { access: 'public' },
        preHandler: limiter(api, 20, (request) => request.ip),
        schema: {
          tags,
          summary: 'Make the first administrator, with the token that the first start printed',
          body: setUpBody,
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
    api.get(
      '/v1/admin/agents',
      { config, schema: { tags, summary: 'People at the desk', querystring: agentQuery } },
      async (request) => {
        const { limit, search, role } = request.query;
        const before = beforeId(request.query);
        const rows = await listAgents(database, { before, limit: limit + 1, search, role });
        return toListPage(rows, limit, (agent) => agent);
      },
    );
    api.post(
      '/v1/admin/agents',
      { config, schema: { tags, summary: 'Add a person', body: agentBody, response: { 201: agentSchema } } },
      async (request, reply) => {
        const { password, ...body } = request.body;
        const agent = { ...body, passwordHash: await hashPassword(password) };
        const id = await unitOfWork.run((tx) => createAgent(tx, { actor: actorOf(request), agent }));
        return reply.code(201).send(await requireAgent(database, id));
      },
    );
    api.patch(
      '/v1/admin/agents/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Change or disable a person',
          params,
          body: agentChanges,
          response: { 200: agentSchema },
        },
      },
      async (request) => {
        const { password, ...body } = request.body;
        const changes =
          password === undefined ? body : { ...body, passwordHash: await hashPassword(password) };
        await unitOfWork.run((tx) =>
          changeAgent(tx, { actor: actorOf(request), agentId: request.params.id, changes }),
        );
        authenticator.forget();
        const agent = await requireAgent(database, request.params.id);
        reception.agentChanged(agent);
        return agent;
      },
    );
  };
}
