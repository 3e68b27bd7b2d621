import { auditPageSchema, auditQuery, itemsOf } from '@mevrik/protocol';
import { z } from 'zod';
import { listAudit, listAuditActions } from '../../audit/read-audit.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';

const config = { access: ['admin'] as const };
const tags = ['administration'];

/** Reading the audit log. */
export function auditRoutes({ database }: Pick<HttpDeps, 'database'>): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/audit',
      {
        config,
        schema: {
          tags,
          summary: 'List audit log entries, newest first, by actor, action, target and time',
          description:
            'A search for parts of texts covers 20,000 entries per page. A page may hold few entries and still have a ' +
            '`next`; `searchedTo` is how far back it searched.',
          querystring: auditQuery,
          response: { 200: auditPageSchema },
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
          summary: 'List the actions that occur in the audit log',
          response: { 200: itemsOf(z.string()) },
        },
      },
      async () => ({ items: await listAuditActions(database) }),
    );
  };
}
