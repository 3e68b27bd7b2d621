import type { AgentType } from '../api/models.ts';

/**
 * What clients can subscribe to (the PRD's broadcast channels), as a grammar: every kind of topic there is.
 * A kind added here makes the compiler ask for its access rule.
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

/** Makes topic names; the only place that spells them. */
export const topics = {
  messages: 'messages',
  queues: 'queues',
  sessions: 'sessions',
  /** Whether people are there, told to all who are connected. */
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
 * Reads a topic's name (without prefix).
 * @returns what it refers to, or `undefined` when the name is none of ours.
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
