import { parseTopic, type TopicKind, type TopicRef } from '@mevrik/protocol';
import { mayActFor } from '../../auth/principal.ts';

/** The identity of a subscriber, reduced to what access rules need. Every `Principal` is one. */
export type SubscriberIdentity =
  | { readonly role: 'customer'; readonly appId: number; readonly customerId: number }
  | {
      readonly role: 'agent' | 'supervisor' | 'admin';
      readonly agentId: number;
      readonly appIds: readonly number[];
    }
  | { readonly role: 'service'; readonly appId: number };

/** The customer that a session or a case belongs to. */
export interface TopicOwner {
  readonly appId: number;
  readonly customerId: number;
  /** The ids of customers merged into this one. */
  readonly formerIds?: readonly number[] | undefined;
}

/** The lookups of the access rules. They resolve to `undefined` for unknown ids. */
export interface AccessFacts {
  sessionOwner(sessionId: number): Promise<TopicOwner | undefined>;
  caseOwner(caseId: number): Promise<TopicOwner | undefined>;
}

/** The input of a rule: a topic of an app, and a subscriber of that app. */
interface RuleContext<Kind extends TopicKind> {
  readonly topic: Extract<TopicRef, { kind: Kind }>;
  readonly appId: number;
  readonly who: Exclude<SubscriberIdentity, { role: 'service' }>;
  readonly facts: AccessFacts;
}

type Rule<Kind extends TopicKind> = (context: RuleContext<Kind>) => boolean | Promise<boolean>;

const staff = ({ who }: { readonly who: SubscriberIdentity }): boolean => who.role !== 'customer';

/** The access table: who may subscribe to which topic of their own app. Only `messages` is open without signing in. */
const rules = {
  messages: () => true,
  queues: staff,
  sessions: staff,
  opening: () => true,
  log: ({ who }) => who.role === 'supervisor' || who.role === 'admin',
  session: async ({ topic, ...rest }) => isOwnOrServed(rest, await rest.facts.sessionOwner(topic.id)),
  case: async ({ topic, ...rest }) => isOwnOrServed(rest, await rest.facts.caseOwner(topic.id)),
  user: ({ topic, who }) => who.role !== 'customer' || who.customerId === topic.id,
  'agent-type': staff,
  agent: ({ topic, who }) =>
    who.role === 'supervisor' || who.role === 'admin' || (who.role === 'agent' && who.agentId === topic.id),
  'app-queues': ({ topic, appId, who }) => who.role !== 'customer' && topic.appId === appId,
} satisfies { [Kind in TopicKind]: Rule<Kind> };

function isOwnOrServed(
  { appId, who }: Omit<RuleContext<TopicKind>, 'topic'>,
  owner: TopicOwner | undefined,
): boolean {
  if (owner?.appId !== appId) return false;
  return (
    who.role !== 'customer' ||
    who.customerId === owner.customerId ||
    owner.formerIds?.includes(who.customerId) === true
  );
}

/** A request to subscribe. */
export interface AccessRequest {
  /** Without prefix. */
  readonly topic: string;
  readonly appId: number;
  /** `undefined` for a connection that has not signed in. */
  readonly who: SubscriberIdentity | undefined;
  readonly facts: AccessFacts;
}

/** Whether a subscriber may subscribe to a topic of an app. Topics of others are for the app's back end only. */
export async function maySubscribe({ topic: name, appId, who, facts }: AccessRequest): Promise<boolean> {
  const topic = parseTopic(name);
  if (topic?.kind === 'messages') return true;
  if (!who || !mayActFor(who, appId)) return false;
  if (who.role === 'service') return true;
  if (!topic) return false;
  // The table pairs each kind with its rule, which the compiler cannot follow through the lookup.
  const rule = rules[topic.kind] as Rule<TopicKind>;
  return rule({ topic, appId, who, facts });
}

/** A name for the audit log, such as `agent 7`. */
export function describeIdentity(who: SubscriberIdentity | undefined): string {
  if (!who) return 'anonymous';
  if (who.role === 'customer') return `customer ${who.customerId}`;
  return who.role === 'service' ? `app ${who.appId}` : `${who.role} ${who.agentId}`;
}
