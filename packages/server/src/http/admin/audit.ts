import { auditQuery, auditRecordSchema, pageOf } from '@mevrik/protocol';
import { z } from 'zod';
import { listAudit, listAuditActions } from '../../audit/read-audit.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const config = { access: ['admin'] as const };
const tags = ['administration'];

/** Who did what. */
export function auditRoutes({ database }: Pick<HttpDeps, 'database'>): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/audit',
      {
        config,
        schema: {
          tags,
          summary: 'The audit trail, newest first, by who, what, on what and when',
          querystring: auditQuery,
          response: { 200: pageOf(auditRecordSchema) },
        },
      },
      (request) => listAudit(database, request.query),
    );
    api.get(
      '/v1/admin/audit/actions',
      {
        config,
        schema: {
          tags,
          summary: 'What there is in the audit trail to look for',
          response: { 200: z.object({ items: z.array(z.string()) }) },
        },
      },
      async () => ({ items: await listAuditActions(database) }),
    );
  };
}
