import { binaryResponse, fullEmailSchema, ProblemError } from '@mevrik/protocol';
import { z } from 'zod';
import { readEmailAttachment, showEmail } from '../../inbound-email/stored-email.ts';
import { requireEmailOf } from '../../queries/emails.ts';
import { staffRoles } from '../access.ts';
import { assertAppAccess } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';

const config = { access: staffRoles };
const tags = ['desk'];
const attachmentParams = idParams.extend({
  /** Position among the email's attachments, from 0. */
  index: z.coerce.number().pipe(z.int().min(0).max(1000)),
});

/** The full email of a message, whose text is only what is new in it. */
export function emailRoutes({ database }: HttpDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/messages/:id/email',
      {
        config,
        schema: {
          tags,
          summary: 'Get the full email of a message, with quoted text and sanitized HTML',
          params: idParams,
          response: { 200: fullEmailSchema },
        },
      },
      async (request) => {
        const email = await requireEmailOf(database, request.params.id);
        assertAppAccess(request, email.appId);
        return showEmail(email.raw);
      },
    );
    api.get(
      '/v1/messages/:id/email/attachments/:index',
      {
        config,
        schema: {
          tags,
          summary: 'Download an attachment of an email',
          params: attachmentParams,
          response: { 200: binaryResponse },
        },
      },
      async (request, reply) => {
        const email = await requireEmailOf(database, request.params.id);
        assertAppAccess(request, email.appId);
        const file = await readEmailAttachment(email.raw, request.params.index);
        if (!file) throw new ProblemError('not_found', 'Attachment not found.');
        // Always downloaded, never displayed: its content is untrusted.
        return reply
          .type('application/octet-stream')
          .header('x-content-type-options', 'nosniff')
          .header('content-disposition', `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`)
          .send(file.content);
      },
    );
  };
}
