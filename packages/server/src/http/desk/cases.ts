import { caseResponseSchema, closeCaseBody } from '@mevrik/protocol';
import { requireApp } from '../../apps/app-directory.ts';
import { closeCase } from '../../commands/close-case.ts';
import { requireCase } from '../../queries/conversations.ts';
import { staffOf, staffRoles } from '../access.ts';
import { assertAppAccess } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';
import { requestCause } from '../request-cause.ts';

const config = { access: staffRoles };
const tags = ['desk'];

/** Reading and closing cases. */
export function caseRoutes({ database, unitOfWork, apps }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/cases/:id',
      {
        config,
        schema: { tags, summary: 'Get a case', params: idParams, response: { 200: caseResponseSchema } },
      },
      async (request) => {
        const found = await requireCase(database, request.params.id);
        assertAppAccess(request, found.appId);
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
          params: idParams,
          body: closeCaseBody,
          response: { 200: caseResponseSchema },
        },
      },
      async (request) => {
        const { appId } = await requireCase(database, request.params.id);
        assertAppAccess(request, appId);
        const app = await requireApp(apps, appId);
        const closed = await unitOfWork.run(
          (tx) =>
            closeCase(tx, {
              app,
              caseId: request.params.id,
              by: { agent: staffOf(request) },
              ...request.body,
            }),
          requestCause(request),
        );
        return { case: closed };
      },
    );
  };
}
