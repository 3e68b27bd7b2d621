import { emailPreviewSchema, emailQuery, emailRecordSchema, idSchema, pageOf } from '@mevrik/protocol';
import { z } from 'zod';
import { writeAudit } from '../../audit/audit.ts';
import { replayEmail } from '../../inbound-email/replay-email.ts';
import { listEmails, requireEmail } from '../../queries/emails.ts';
import { actorOf } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const config = { access: ['admin'] as const };
const tags = ['emails'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });
/** As much of a mail as people look at. */
const startLength = 20_000;

/** The mails that came in: what was made of each, its bytes, and once more from the beginning. */
export function emailRecordRoutes({ database, unitOfWork }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/emails',
      {
        config,
        schema: {
          tags,
          summary: 'Mails that came in, newest first, and how many of each',
          querystring: emailQuery,
          response: { 200: pageOf(emailRecordSchema).extend({ counts: z.record(z.string(), z.int()) }) },
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
          summary: 'A mail, with the beginning of what it is made of',
          params,
          response: { 200: emailPreviewSchema },
        },
      },
      async (request) => {
        const { raw, ...email } = await requireEmail(database, request.params.id);
        return { ...email, start: raw.toString('utf8').slice(0, startLength) };
      },
    );
    api.get(
      '/v1/admin/emails/:id/raw',
      { config, schema: { tags, summary: 'A mail, byte by byte', params } },
      async (request, reply) => {
        const { raw } = await requireEmail(database, request.params.id);
        return reply
          .type('message/rfc822')
          .header('content-disposition', `attachment; filename="mail-${request.params.id}.eml"`)
          .send(raw);
      },
    );
    api.post(
      '/v1/admin/emails/:id/replay',
      {
        config,
        schema: { tags, summary: 'Take a mail in once more; its message is stored once', params },
      },
      async (request, reply) => {
        const { id } = request.params;
        await unitOfWork.run(async (tx) => {
          await replayEmail(tx, id);
          const target = `mail ${id}`;
          await writeAudit(tx.sql, { appId: null, actor: actorOf(request), action: 'mail.replay', target });
        });
        return reply.code(202).send({ accepted: true });
      },
    );
  };
}
