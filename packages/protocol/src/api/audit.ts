import { z } from 'zod';
import { pageQuery } from './http.ts';
import { idSchema } from './models.ts';

/** A line of the audit trail: who did what to what. */
export const auditRecordSchema = z.object({
  id: idSchema,
  appId: idSchema.nullable(),
  /** Such as `admin 7`. */
  actor: z.string(),
  /** The name of the person that is, where it is one of the desk. */
  actorName: z.string().nullable(),
  action: z.string(),
  target: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
  at: z.string(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

const part = z.string().min(1).max(200).optional();

export const auditQuery = pageQuery.extend({
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)).optional(),
  /** A part of who did it, or of their name. */
  actor: part,
  /** What was done, as `channel.put`, or all of its family, as `channel`. */
  action: part,
  /** A part of what it was done to. */
  target: part,
  /** From then on. */
  since: z.iso.datetime({ offset: true }).optional(),
  /** Before then. */
  until: z.iso.datetime({ offset: true }).optional(),
  /** A part of anything that the entry says. */
  search: part,
});
export type AuditQuery = Partial<z.input<typeof auditQuery>>;
