import { type Agent, ProblemError } from '@mevrik/protocol';
import type { Reader } from '../db/database.ts';
import { likePattern } from '../db/like-pattern.ts';

interface AgentRow extends Agent {
  readonly passwordHash: string;
}

/** The agent with an email address, ignoring case, and the hash of their password. */
export async function findAgentByEmail(
  { sql }: Reader,
  email: string,
): Promise<{ agent: Agent; passwordHash: string } | undefined> {
  const [row] = await sql<AgentRow[]>`${selectAgents({ sql })} WHERE lower(email) = lower(${email})`;
  if (!row) return undefined;
  const { passwordHash, ...agent } = row;
  return { agent, passwordHash };
}

/** An agent by id. @throws ProblemError `not_found`. */
export async function requireAgent(database: Pick<Reader, 'sql'>, id: number): Promise<Agent> {
  const [row] = await database.sql<AgentRow[]>`${selectAgents(database)} WHERE id = ${id}`;
  if (!row) throw new ProblemError('not_found', 'Agent not found.');
  const { passwordHash: _hidden, ...agent } = row;
  return agent;
}

/** The filter of a list of agents. */
export interface AgentFilter {
  /** Part of the name, the email address, or a skill. */
  readonly search?: string | undefined;
  readonly role?: Agent['role'] | undefined;
}

/** Agents, newest first. */
export async function listAgents(
  database: Reader,
  { before, limit, search, role }: AgentFilter & { readonly before: number; readonly limit: number },
): Promise<Agent[]> {
  const pattern = search === undefined ? null : likePattern(search);
  const rows = await database.sql<AgentRow[]>`
    ${selectAgents(database)}
    WHERE id < ${Math.min(before, 2_147_483_647)}
      AND (${role ?? null}::text IS NULL OR role = ${role ?? null})
      AND (${pattern}::text IS NULL OR name ILIKE ${pattern} OR email ILIKE ${pattern}
           OR EXISTS (SELECT FROM jsonb_array_elements_text(skills) AS skill WHERE skill ILIKE ${pattern}))
    ORDER BY id DESC LIMIT ${limit}`;
  return rows.map(({ passwordHash: _hidden, ...agent }) => agent);
}

function selectAgents({ sql }: Pick<Reader, 'sql'>) {
  return sql`
    SELECT id, email, name, role, skills, capacity, availability, password_hash AS "passwordHash",
           disabled_at IS NOT NULL AS disabled,
           ARRAY(SELECT app_id FROM agent_apps WHERE agent_id = agents.id ORDER BY app_id) AS "appIds"
    FROM agents`;
}
