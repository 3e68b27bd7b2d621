import { parseTopic, type TopicKind, type TopicRef } from '@mevrik/protocol';

/** Who wants to hear something, as far as it matters for that. Every `Principal` is one. */
export type Hearer =
  | { readonly role: 'customer'; readonly appId: number; readonly customerId: number }
  | {
      readonly role: 'agent' | 'supervisor' | 'admin';
      readonly agentId: number;
      readonly appIds: readonly number[];
    }
  | { readonly role: 'service'; readonly appId: number };

/** Whom a session or a case belongs to. */
export interface Owner {
  readonly appId: number;
  readonly customerId: number;
  /** Who was merged into that customer. */
  readonly formerIds?: readonly number[] | undefined;
}

/** What the rules must look up. `undefined` where there is no such thing. */
export interface AccessFacts {
  sessionOwner(sessionId: number): Promise<Owner | undefined>;
  caseOwner(caseId: number): Promise<Owner | undefined>;
}

/** What a rule decides about: an app's topic, and somebody who belongs to that app. */
interface Question<Kind extends TopicKind> {
  readonly topic: Extract<TopicRef, { kind: Kind }>;
  readonly appId: number;
  readonly who: Exclude<Hearer, { role: 'service' }>;
  readonly facts: AccessFacts;
}

type Rule<Kind extends TopicKind> = (question: Question<Kind>) => boolean | Promise<boolean>;

const staff = ({ who }: { readonly who: Hearer }): boolean => who.role !== 'customer';

/** Who may hear what. Nobody else may, and nobody from another app. `messages` alone needs no name at all. */
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
  { appId, who }: Omit<Question<TopicKind>, 'topic'>,
  owner: Owner | undefined,
): boolean {
  if (owner?.appId !== appId) return false;
  return (
    who.role !== 'customer' ||
    who.customerId === owner.customerId ||
    owner.formerIds?.includes(who.customerId) === true
  );
}

/** What is asked of the table. */
export interface AccessQuestion {
  /** Without prefix. */
  readonly topic: string;
  readonly appId: number;
  /** `undefined` for a connection that nobody signed in on. */
  readonly who: Hearer | undefined;
  readonly facts: AccessFacts;
}

/** Whether somebody may hear a topic of an app. Names that are no topic of ours: only the app's back end. */
export async function mayHear({ topic: name, appId, who, facts }: AccessQuestion): Promise<boolean> {
  const topic = parseTopic(name);
  if (topic?.kind === 'messages') return true;
  if (!who || !belongsTo(who, appId)) return false;
  if (who.role === 'service') return true;
  if (!topic) return false;
  // The table pairs each kind with the rule for it, which the compiler cannot follow through the lookup.
  const rule = rules[topic.kind] as Rule<TopicKind>;
  return rule({ topic, appId, who, facts });
}

function belongsTo(who: Hearer, appId: number): boolean {
  if (who.role === 'admin') return true;
  return 'appIds' in who ? who.appIds.includes(appId) : who.appId === appId;
}

/** A name for the audit trail, such as `agent 7`. */
export function describeHearer(who: Hearer | undefined): string {
  if (!who) return 'anonymous';
  if (who.role === 'customer') return `customer ${who.customerId}`;
  return who.role === 'service' ? `app ${who.appId}` : `${who.role} ${who.agentId}`;
}
