import { z } from 'zod';
import { pageOf, pageQuery } from './http.ts';
import { idSchema } from './models.ts';

/** One entry of the audit log. */
export const auditRecordSchema = z.object({
  id: idSchema,
  appId: idSchema.nullable(),
  /** Who acted, such as `admin 7`. */
  actor: z.string(),
  /** The name of the agent; `null` if the actor is not an agent. */
  actorName: z.string().nullable(),
  action: z.string(),
  target: z.string().nullable(),
  detail: z.record(z.string(), z.unknown()),
  at: z.string(),
});
export type AuditRecord = z.infer<typeof auditRecordSchema>;

const part = z.string().min(1).max(200).optional();

/** Entries, newest first. A page may hold few or none and still have a next page, because a search is limited. */
export const auditPageSchema = pageOf(auditRecordSchema).extend({
  /** How far back the search went, if the page is not full; `null`: to the first entry. */
  searchedTo: z.string().nullable(),
});
export type AuditRecordPage = z.infer<typeof auditPageSchema>;

/** Filters of the audit log. */
export const auditQuery = pageQuery.extend({
  appId: z.coerce.number().pipe(idSchema.max(2_147_483_647)).optional(),
  /** Part of the actor or of the actor's name. */
  actor: part,
  /** An action such as `channel.put`, or a group of actions such as `channel`. */
  action: part,
  /** Part of the target. */
  target: part,
  /** From this instant. */
  since: z.iso.datetime({ offset: true }).optional(),
  /** Before this instant. */
  until: z.iso.datetime({ offset: true }).optional(),
  /** Part of any field of the record. */
  search: part,
});
export type AuditQuery = Partial<z.input<typeof auditQuery>>;
