import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'string', precision: 3 });

/** Apps. The key is public; the secret signs identities, channel authorizations and Pusher HTTP API requests. */
export const apps = pgTable('apps', {
  id: integer('id').primaryKey().generatedByDefaultAsIdentity(),
  key: text('key').notNull().unique(),
  secret: text('secret').notNull(),
  name: text('name').notNull(),
  enabled: boolean('enabled').notNull().default(true),
  settings: jsonb('settings').$type<Record<string, unknown>>().notNull().default({}),
  createdAt: instant('created_at').notNull().defaultNow(),
});

/** Where customers of an app write: `kind` selects the adapter, `name` is unique within the app. */
export const channels = pgTable(
  'channels',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    name: text('name').notNull(),
    kind: text('kind').notNull(),
    enabled: boolean('enabled').notNull().default(true),
    settings: jsonb('settings').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [uniqueIndex('channels_by_name').on(table.appId, table.name)],
);

/** The routing rules of an app: the first match wins; `when` is a CEL expression. */
export const routingRules = pgTable(
  'routing_rules',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
    position: integer('position').notNull(),
    name: text('name').notNull(),
    when: text('when').notNull(),
    action: text('action', { enum: ['bot', 'queue', 'ticket', 'transfer'] }).notNull(),
    queue: text('queue'),
    priority: text('priority', { enum: ['low', 'normal', 'high', 'urgent'] }),
    skills: jsonb('skills').$type<string[]>().notNull().default([]),
  },
  (table) => [uniqueIndex('routing_rules_by_position').on(table.appId, table.position)],
);

/** The bot of an app: the built-in one with its flow, or one behind a URL. */
export const bots = pgTable('bots', {
  appId: integer('app_id')
    .primaryKey()
    .references(() => apps.id),
  kind: text('kind', { enum: ['builtin', 'http', 'none'] }).notNull(),
  /** YAML or JSON, as its author wrote it. */
  flow: text('flow'),
  url: text('url'),
  secret: text('secret'),
  timeoutMs: integer('timeout_ms').notNull().default(5000),
  updatedAt: instant('updated_at').notNull().defaultNow(),
});

/** Agents, supervisors and administrators. */
export const agents = pgTable(
  'agents',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    email: text('email').notNull(),
    name: text('name').notNull(),
    passwordHash: text('password_hash').notNull(),
    role: text('role', { enum: ['agent', 'supervisor', 'admin'] }).notNull(),
    skills: jsonb('skills').$type<string[]>().notNull().default([]),
    capacity: integer('capacity').notNull().default(5),
    availability: text('availability', { enum: ['online', 'away', 'offline'] })
      .notNull()
      .default('offline'),
    lastAssignedAt: instant('last_assigned_at'),
    // When an open desk of theirs was last seen while they were online; `null` once they set their availability.
    deskSeenAt: instant('desk_seen_at'),
    // Since when they are away because they closed every desk.
    absentSince: instant('absent_since'),
    disabledAt: instant('disabled_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [uniqueIndex('agents_by_email').on(sql`lower(${table.email})`)],
);

/** The apps that an agent works for. */
export const agentApps = pgTable(
  'agent_apps',
  {
    agentId: integer('agent_id')
      .notNull()
      .references(() => agents.id),
    appId: integer('app_id')
      .notNull()
      .references(() => apps.id),
  },
  (table) => [primaryKey({ columns: [table.agentId, table.appId] })],
);

/** Refresh tokens, by the hash of their secret part. Using one twice revokes its family. */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    id: uuid('id').primaryKey(),
    family: uuid('family').notNull(),
    tokenHash: text('token_hash').notNull(),
    agentId: integer('agent_id').references(() => agents.id),
    contactIdentityId: bigint('contact_identity_id', { mode: 'number' }),
    expiresAt: instant('expires_at').notNull(),
    usedAt: instant('used_at'),
    revokedAt: instant('revoked_at'),
  },
  (table) => [index('refresh_tokens_by_family').on(table.family)],
);

/** Secrets of the installation: signing keys, and the hash of the setup token. */
export const secrets = pgTable('secrets', {
  name: text('name').primaryKey(),
  value: text('value').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
});

/** The audit log: every action of a person, every denied one, and every change of configuration. */
export const auditEntries = pgTable(
  'audit_entries',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    appId: integer('app_id'),
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    target: text('target'),
    detail: jsonb('detail').$type<Record<string, unknown>>().notNull().default({}),
    at: instant('at').notNull().defaultNow(),
  },
  (table) => [index('audit_entries_by_time').on(table.at)],
);
