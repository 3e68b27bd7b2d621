import { idSchema, mailQuery, mailRecordSchema, mailStartSchema, pageOf } from '@mevrik/protocol';
import { z } from 'zod';
import { writeAudit } from '../../audit/audit.ts';
import { replayMail } from '../../inbound-email/replay-email.ts';
import { listMails, requireMail } from '../../queries/mails.ts';
import { actorOf } from '../access.ts';
import type { HttpDependencies, RoutePlugin } from '../http-dependencies.ts';

const config = { access: ['admin'] as const };
const tags = ['mails'];
const params = z.strictObject({ id: z.coerce.number().pipe(idSchema) });
/** As much of a mail as people look at. */
const startLength = 20_000;

/** The mails that came in: what was made of each, its bytes, and once more from the beginning. */
export function mailRecordRoutes({ database, unitOfWork }: HttpDependencies): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/mails',
      {
        config,
        schema: {
          tags,
          summary: 'Mails that came in, newest first, and how many of each',
          querystring: mailQuery,
          response: { 200: pageOf(mailRecordSchema).extend({ counts: z.record(z.string(), z.int()) }) },
        },
      },
      (request) => {
        const { cursor, limit, ...filter } = request.query;
        return listMails(database, filter, { cursor, limit });
      },
    );
    api.get(
      '/v1/admin/mails/:id',
      {
        config,
        schema: {
          tags,
          summary: 'A mail, with the beginning of what it is made of',
          params,
          response: { 200: mailStartSchema },
        },
      },
      async (request) => {
        const { raw, ...mail } = await requireMail(database, request.params.id);
        return { ...mail, start: raw.toString('utf8').slice(0, startLength) };
      },
    );
    api.get(
      '/v1/admin/mails/:id/raw',
      { config, schema: { tags, summary: 'A mail, byte by byte', params } },
      async (request, reply) => {
        const { raw } = await requireMail(database, request.params.id);
        return reply
          .type('message/rfc822')
          .header('content-disposition', `attachment; filename="mail-${request.params.id}.eml"`)
          .send(raw);
      },
    );
    api.post(
      '/v1/admin/mails/:id/replay',
      {
        config,
        schema: { tags, summary: 'Take a mail in once more; its message is stored once', params },
      },
      async (request, reply) => {
        const { id } = request.params;
        await unitOfWork.run(async (tx) => {
          await replayMail(tx, id);
          const target = `mail ${id}`;
          await writeAudit(tx.sql, { appId: null, actor: actorOf(request), action: 'mail.replay', target });
        });
        return reply.code(202).send({ accepted: true });
      },
    );
  };
}
