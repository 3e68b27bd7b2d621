import { caseAnswerSchema, closeCaseBody, idSchema } from '@mevrik/protocol';
import { z } from 'zod';
import { requireApp } from '../../apps/app-directory.ts';
import { closeCase } from '../../commands/close-case.ts';
import { requireCase } from '../../queries/conversations.ts';
import { staffOf, staffRoles } from '../access.ts';
import { causeOf } from '../cause.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { assertOwnApp } from './sessions.ts';

const config = { access: staffRoles };
const tags = ['desk'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });

/** Cases. */
export function caseRoutes({ database, unitOfWork, apps }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/cases/:id',
      { config, schema: { tags, summary: 'A case', params, response: { 200: caseAnswerSchema } } },
      async (request) => {
        const found = await requireCase(database, request.params.id);
        assertOwnApp(request, found.appId);
        return { case: found };
      },
    );
    api.post(
      '/v1/cases/:id/close',
      {
        config,
        schema: {
          tags,
          summary: 'Close a case with a disposition',
          params,
          body: closeCaseBody,
          response: { 200: caseAnswerSchema },
        },
      },
      async (request) => {
        const { appId } = await requireCase(database, request.params.id);
        assertOwnApp(request, appId);
        const app = await requireApp(apps, appId);
        const by = { agent: staffOf(request) };
        const closed = await unitOfWork.run(
          (tx) => closeCase(tx, { app, caseId: request.params.id, by, ...request.body }),
          causeOf(request),
        );
        return { case: closed };
      },
    );
  };
}
