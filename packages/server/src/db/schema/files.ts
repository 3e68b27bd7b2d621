import { sql } from 'drizzle-orm';
import { index, integer, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';
import { apps } from './apps.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });

/** Files that messages refer to; their bytes are in the file store. */
export const files = pgTable(
  'files',
  {
    id: uuid('id').primaryKey(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    /** Who may attach it to a message: `customer 12`, `staff`, `app 3` or `channel page`. */
    uploadedBy: text('uploaded_by').notNull(),
    name: text('name').notNull(),
    /** Detected from its bytes. */
    contentType: text('content_type').notNull(),
    sizeBytes: integer('size_bytes').notNull(),
    /** SHA-256 in hexadecimal. */
    digest: text('digest').notNull(),
    /** When a message referred to it; an unused file is deleted after a day. */
    usedAt: instant('used_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('files_by_digest').on(table.appId, table.digest),
    index('files_unused').on(table.createdAt).where(sql`${table.usedAt} is null`),
  ],
);
