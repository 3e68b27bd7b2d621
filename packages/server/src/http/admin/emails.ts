import {
  binaryResponse,
  cutText,
  emailPageSchema,
  emailPreviewSchema,
  emailQuery,
  requestAcceptedSchema,
} from '@mevrik/protocol';
import { writeAudit } from '../../audit/audit.ts';
import { replayEmail } from '../../inbound-email/replay-email.ts';
import { listEmails, requireEmail } from '../../queries/emails.ts';
import { actorOf } from '../access.ts';
import type { Api, HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';

const config = { access: ['admin'] as const };
const tags = ['emails'];
/** Characters of the source that a preview shows. */
const previewLength = 20_000;

/** Inbound emails: their state, their source, and processing one again. */
export function emailRecordRoutes(deps: HttpDeps): RoutePlugin {
  return (api) => {
    addReadRoutes(api, deps);
    addSourceRoutes(api, deps);
  };
}

function addReadRoutes(api: Api, { database }: HttpDeps): void {
  api.get(
    '/v1/admin/emails',
    {
      config,
      schema: {
        tags,
        summary: 'List inbound emails, newest first, with the number in each state',
        querystring: emailQuery,
        response: { 200: emailPageSchema },
      },
    },
    (request) => {
      const { cursor, limit, ...filter } = request.query;
      return listEmails(database, filter, { cursor, limit });
    },
  );
  api.get(
    '/v1/admin/emails/:id',
    {
      config,
      schema: {
        tags,
        summary: 'Get an inbound email with the start of its source',
        params: idParams,
        response: { 200: emailPreviewSchema },
      },
    },
    async (request) => {
      const { raw, ...email } = await requireEmail(database, request.params.id);
      return { ...email, start: cutText(raw.toString('utf8'), previewLength) };
    },
  );
}

function addSourceRoutes(api: Api, { database, unitOfWork }: HttpDeps): void {
  api.get(
    '/v1/admin/emails/:id/raw',
    {
      config,
      schema: {
        tags,
        summary: 'Download the source of an inbound email',
        params: idParams,
        response: { 200: binaryResponse },
      },
    },
    async (request, reply) => {
      const { raw } = await requireEmail(database, request.params.id);
      return reply
        .type('message/rfc822')
        .header('content-disposition', `attachment; filename="email-${request.params.id}.eml"`)
        .send(raw);
    },
  );
  api.post(
    '/v1/admin/emails/:id/replay',
    {
      config,
      schema: {
        tags,
        summary: 'Process an inbound email again; its message is stored only once',
        params: idParams,
        response: { 202: requestAcceptedSchema },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      await unitOfWork.run(async (tx) => {
        await replayEmail(tx, id);
        const target = `email ${id}`;
        await writeAudit(tx.sql, { appId: null, actor: actorOf(request), action: 'email.replay', target });
      });
      return reply.code(202).send({ accepted: true as const });
    },
  );
}
