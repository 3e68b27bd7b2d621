import type { AgentType } from '../api/models.ts';

/**
 * The grammar of topics, which clients subscribe to (the PRD's broadcast channels).
 * The compiler requires an access rule for a kind that is added here.
 */
export type TopicRef =
  | { readonly kind: 'messages' }
  | { readonly kind: 'queues' }
  | { readonly kind: 'sessions' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'log' }
  | { readonly kind: 'session'; readonly id: number }
  | { readonly kind: 'user'; readonly id: number }
  | { readonly kind: 'case'; readonly id: number }
  | { readonly kind: 'agent-type'; readonly agentType: AgentType }
  | { readonly kind: 'agent'; readonly id: number }
  | { readonly kind: 'app-queues'; readonly appId: number };

/** The kinds of topic, each of which has one access rule. */
export type TopicKind = TopicRef['kind'];

/** How the names of each kind of topic are written in documentation. */
export const topicPatterns: Readonly<Record<TopicKind, string>> = {
  messages: 'messages',
  queues: 'queues',
  sessions: 'sessions',
  opening: 'opening',
  log: 'log',
  session: 'session{id}',
  user: 'user{id}',
  case: 'case{id}',
  'agent-type': 'agent{agent_type}',
  agent: 'agent{id}',
  'app-queues': 'queues-app-{app_id}',
};

/** A topic's name without a `private-` or `presence-` prefix, such as `session123`. */
export type Topic =
  | 'messages'
  | 'queues'
  | 'sessions'
  | 'opening'
  | 'log'
  | `session${number}`
  | `user${number}`
  | `case${number}`
  | `agent${AgentType}`
  | `agent${number}`
  | `queues-app-${number}`;

/** Builds topic names. */
export const topics = {
  messages: 'messages',
  queues: 'queues',
  sessions: 'sessions',
  /** The availability of the team, for all connected clients. */
  opening: 'opening',
  log: 'log',
  session: (id: number): Topic => `session${id}`,
  user: (id: number): Topic => `user${id}`,
  case: (id: number): Topic => `case${id}`,
  agentType: (agentType: AgentType): Topic => `agent${agentType}`,
  agent: (id: number): Topic => `agent${id}`,
  appQueues: (appId: number): Topic => `queues-app-${appId}`,
} as const;

/**
 * Parses the name of a topic (without prefix).
 * @returns what it refers to; `undefined` for an unknown name.
 */
export function parseTopic(name: string): TopicRef | undefined {
  if (
    name === 'messages' ||
    name === 'queues' ||
    name === 'sessions' ||
    name === 'opening' ||
    name === 'log'
  ) {
    return { kind: name };
  }
  if (name === 'agentbot') return { kind: 'agent-type', agentType: 'bot' };
  if (name === 'agentlive') return { kind: 'agent-type', agentType: 'live' };
  const match = /^(session|user|case|agent|queues-app-)([1-9][0-9]{0,15})$/.exec(name);
  if (!match) return undefined;
  const id = Number(match[2]);
  if (!Number.isSafeInteger(id)) return undefined;
  const word = match[1] as 'session' | 'user' | 'case' | 'agent' | 'queues-app-';
  return word === 'queues-app-' ? { kind: 'app-queues', appId: id } : { kind: word, id };
}
