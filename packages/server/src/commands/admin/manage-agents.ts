import { ProblemError } from '@mevrik/protocol';
import { and, eq, inArray, isNull, ne } from 'drizzle-orm';
import type { AppDirectory } from '../../apps/app-directory.ts';
import { writeAudit } from '../../audit/audit.ts';
import { revokeAgentTokens } from '../../auth/refresh-tokens.ts';
import { useSetupToken } from '../../auth/setup-token.ts';
import { isDuplicate } from '../../db/database-errors.ts';
import { agentApps, agents, apps } from '../../db/schema.ts';
import type { Tx } from '../../log/transaction.ts';
import { lockSessionsOf, requeueConversations } from '../requeue-conversations.ts';
import type { ActedBy } from './app-lock.ts';

/** An agent to create, with the hash of the password. */
export interface NewAgent {
  readonly email: string;
  readonly name: string;
  readonly role: 'agent' | 'supervisor' | 'admin';
  readonly passwordHash: string;
  readonly skills?: readonly string[] | undefined;
  readonly capacity?: number | undefined;
  readonly appIds?: readonly number[] | undefined;
}

/**
 * Creates the first administrator, with access to all apps, and consumes the setup token.
 * @throws ProblemError `setup_done`, or `forbidden` for a token that is not the current one.
 */
export async function createFirstAdministrator(
  tx: Tx,
  { token, ...fields }: Omit<NewAgent, 'role' | 'appIds'> & { readonly token: string },
): Promise<number> {
  await useSetupToken(tx.sql, token);
  const everyApp = await tx.orm.select({ id: apps.id }).from(apps);
  return createAgent(tx, {
    actor: 'set-up',
    agent: { ...fields, role: 'admin', appIds: everyApp.map(({ id }) => id) },
  });
}

/**
 * Creates an agent.
 * @returns the agent's id.
 * @throws ProblemError `conflict` when the email address is in use, `invalid_input` for an app that does not exist.
 */
export async function createAgent(
  tx: Tx,
  { actor, agent }: ActedBy & { readonly agent: NewAgent },
): Promise<number> {
  const { appIds = [], skills = [], capacity = 5, ...rest } = agent;
  const id = await insertAgent(tx, { ...rest, capacity, skills: [...skills] });
  await assignApps(tx, id, appIds);
  await auditAgent(tx, actor, 'agent.create', id, { role: agent.role, appIds });
  return id;
}

async function insertAgent(tx: Tx, row: typeof agents.$inferInsert): Promise<number> {
  try {
    const [created] = await tx.orm.insert(agents).values(row).returning({ id: agents.id });
    if (!created) throw new Error('The agent was not stored.');
    return created.id;
  } catch (error) {
    if (!isDuplicate(error)) throw error;
    throw new ProblemError('conflict', 'An agent with this email address already exists.', {
      cause: error,
    });
  }
}

/** Changes to an agent. */
export interface AgentChanges {
  readonly name?: string | undefined;
  readonly role?: NewAgent['role'] | undefined;
  readonly skills?: readonly string[] | undefined;
  readonly capacity?: number | undefined;
  readonly appIds?: readonly number[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly passwordHash?: string | undefined;
}

/** A change of an agent, and by whom. */
interface ChangeAgentInput extends ActedBy {
  readonly agentId: number;
  readonly changes: AgentChanges;
  readonly apps: AppDirectory;
}

/**
 * Changes an agent. Disabling the agent, and a new role or password, ends all of the agent's logins. Conversations that
 * the agent may no longer serve return to their queues.
 * @throws ProblemError `not_found`, or `conflict` when no administrator would remain.
 */
export async function changeAgent(
  tx: Tx,
  { actor, agentId, changes, apps: directory }: ChangeAgentInput,
): Promise<void> {
  const mayLoseAccess =
    changes.disabled === true || changes.appIds !== undefined || changes.role !== undefined;
  if (mayLoseAccess) await lockSessionsOf(tx, agentId);
  const [agent] = await tx.orm.select().from(agents).where(eq(agents.id, agentId)).for('update');
  if (!agent) throw new ProblemError('not_found', 'Agent not found.');
  const { name, role, skills, capacity, appIds, disabled, passwordHash } = changes;
  const losesAdmin =
    agent.role === 'admin' && (disabled === true || (role !== undefined && role !== 'admin'));
  if (losesAdmin) await assertAnotherAdmin(tx, agentId);
  const disabledAt = disabled ? (agent.disabledAt ?? new Date().toISOString()) : null;
  const set = {
    ...(name === undefined ? {} : { name }),
    ...(role === undefined ? {} : { role }),
    ...(skills === undefined ? {} : { skills: [...skills] }),
    ...(capacity === undefined ? {} : { capacity }),
    ...(passwordHash === undefined ? {} : { passwordHash }),
    ...(disabled === undefined
      ? {}
      : { disabledAt, ...(disabled ? { availability: 'offline' as const } : {}) }),
  };
  if (Object.keys(set).length > 0) await tx.orm.update(agents).set(set).where(eq(agents.id, agentId));
  if (appIds) {
    await tx.orm.delete(agentApps).where(eq(agentApps.agentId, agentId));
    await assignApps(tx, agentId, appIds);
  }
  if (disabled || passwordHash !== undefined || (role !== undefined && role !== agent.role)) {
    await revokeAgentTokens(tx.sql, agentId);
  }
  if (mayLoseAccess) await requeueConversations(tx, { agentId, apps: directory });
  await auditAgent(tx, actor, 'agent.change', agentId, { changed: Object.keys(changes) });
}

async function assignApps(tx: Tx, agentId: number, appIds: readonly number[]): Promise<void> {
  if (appIds.length === 0) return;
  const known = await tx.orm
    .select({ id: apps.id })
    .from(apps)
    .where(inArray(apps.id, [...appIds]));
  if (known.length !== new Set(appIds).size) {
    throw new ProblemError('invalid_input', 'At least one of the apps does not exist.', {
      fields: [{ path: 'appIds', message: 'names an app that does not exist' }],
    });
  }
  await tx.orm.insert(agentApps).values(known.map(({ id: appId }) => ({ agentId, appId })));
}

async function assertAnotherAdmin(tx: Tx, agentId: number): Promise<void> {
  // All are locked, so that two administrators cannot disable each other concurrently.
  const others = await tx.orm
    .select({ id: agents.id })
    .from(agents)
    .where(and(eq(agents.role, 'admin'), isNull(agents.disabledAt), ne(agents.id, agentId)))
    .for('update');
  if (others.length === 0)
    throw new ProblemError('conflict', 'The last administrator cannot be disabled or lose the role.');
}

function auditAgent(tx: Tx, actor: string, action: string, agentId: number, detail: Record<string, unknown>) {
  return writeAudit(tx.sql, { appId: null, actor, action, target: `agent ${agentId}`, detail });
}
