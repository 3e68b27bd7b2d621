import { idSchema, ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import { readEmailAttachment, showEmail } from '../../inbound-email/stored-email.ts';
import { requireEmailOf } from '../../queries/emails.ts';
import { staffRoles } from '../access.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { assertOwnApp } from './sessions.ts';

const person = z.strictObject({ address: z.string(), name: z.string().nullable() });
const shown = z.strictObject({
  from: person.nullable(),
  to: z.array(person).readonly(),
  cc: z.array(person).readonly(),
  subject: z.string(),
  sentAt: z.string().nullable(),
  text: z.string(),
  html: z.string().nullable(),
  files: z
    .array(z.strictObject({ name: z.string(), contentType: z.string(), sizeBytes: z.int() }))
    .readonly(),
});

/** The whole of a mail, of which its message has what is new. */
export function emailRoutes({ database }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/messages/:id/email',
      {
        config: { access: staffRoles },
        schema: {
          tags: ['desk'],
          summary: 'The mail that a message came as, with what it quotes, and its HTML made safe',
          params: z.strictObject({ id: z.coerce.number().pipe(idSchema) }),
          response: { 200: shown },
        },
      },
      async (request) => {
        const email = await requireEmailOf(database, request.params.id);
        assertOwnApp(request, email.appId);
        return showEmail(email.raw);
      },
    );
    api.get(
      '/v1/messages/:id/email/attachments/:index',
      {
        config: { access: staffRoles },
        schema: {
          tags: ['desk'],
          summary: 'A file that came with a mail, by its place among them, from 0',
          params: z.strictObject({
            id: z.coerce.number().pipe(idSchema),
            index: z.coerce.number().pipe(z.int().min(0).max(1000)),
          }),
        },
      },
      async (request, reply) => {
        const email = await requireEmailOf(database, request.params.id);
        assertOwnApp(request, email.appId);
        const file = await readEmailAttachment(email.raw, request.params.index);
        if (!file) throw new ProblemError('not_found', 'This email has no such attachment.');
        // Always saved and never shown: what is in it was written by anybody.
        return reply
          .type('application/octet-stream')
          .header('x-content-type-options', 'nosniff')
          .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`)
          .send(file.content);
      },
    );
  };
}
