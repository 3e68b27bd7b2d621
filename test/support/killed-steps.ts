import { expect } from 'vitest';
import { createChannelRegistry } from '../../packages/server/src/channels/registry.ts';
import { splitText } from '../../packages/server/src/channels/split-text.ts';
import { sampleAdapters } from './channel-samples.ts';
import { type Held, hold, type Killed, type NewChannel } from './killed.ts';
import { type RunningServer, stop } from './server.ts';

/** A channel that sends while the server is killed, and the stand-in behind it. */
export interface SendingChannel {
  readonly channel: NewChannel;
  /** Whether a part with an uncertain result is sent again or given up. */
  readonly inDoubt: 'sent again' | 'given up';
  /** The contact id of one of the customers. */
  contact(number: number): string;
  writes(server: RunningServer, contactId: string, text: string): Promise<unknown>;
  /** The texts accepted for a contact, oldest first. */
  textsFor(contactId: string): readonly string[];
  /** Misbehaves once, at this text. */
  misbehave(failure: SendingFailure, contactId: string, text: string): void;
  /** Whether it received a request with this text. */
  asked(contactId: string, text: string): boolean;
  /** Answers the requests that it has accepted but not answered. */
  release(contactId: string): void;
  /** The provider confirms the text in a webhook event; absent if it never does. */
  confirm?(server: RunningServer, contactId: string, text: string): Promise<unknown>;
}

/** What goes wrong at the provider. */
export type SendingFailure = 'never answers' | 'accepts without answering' | 'asks to retry later';

interface Step {
  /** The stage of sending a conversation's first message at which the server is killed. */
  readonly stage: string;
  readonly failure?: SendingFailure;
  /** The part that is being sent. */
  readonly part?: number;
  readonly outcome: keyof typeof partOutcomes;
}

/** The recorded attempts of that part, and how often it is delivered. */
interface PartOutcome {
  readonly attempts: readonly string[];
  readonly times: number;
}

const always = (...attempts: string[]) => ({
  'sent again': { attempts, times: 1 },
  'given up': { attempts, times: 1 },
});
const again = ['doubtful, resend', 'sent'];
const givenUp = ['doubtful, give_up'];
/** By how uncertain attempts are resolved on the channel. */
const partOutcomes = {
  sent: always('sent'),
  'sent later': always('temporary', 'sent'),
  arrived: always('sent, arrived'),
  'doubtful, not arrived': {
    'sent again': { attempts: again, times: 1 },
    'given up': { attempts: givenUp, times: 0 },
  },
  'doubtful, arrived': {
    'sent again': { attempts: again, times: 2 },
    'given up': { attempts: givenUp, times: 1 },
  },
} satisfies Record<string, Record<SendingChannel['inDoubt'], PartOutcome>>;

const acceptsOnly = 'accepts without answering';
const later = 'asks to retry later';
const between = 'between two parts';
const confirmed = 'accepted and confirmed by the provider';
const answered = 'answered, result not stored';
const steps: readonly Step[] = [
  { stage: 'requested, not accepted', failure: 'never answers', outcome: 'doubtful, not arrived' },
  { stage: 'accepted, not answered', failure: acceptsOnly, outcome: 'doubtful, arrived' },
  { stage: confirmed, failure: acceptsOnly, outcome: 'arrived' },
  { stage: between, failure: acceptsOnly, part: 1, outcome: 'doubtful, arrived' },
  { stage: answered, failure: acceptsOnly, outcome: 'doubtful, arrived' },
  { stage: 'waiting for the next attempt', failure: later, outcome: 'sent later' },
  { stage: 'stored, delivery not created', outcome: 'sent' },
];

const long = Array.from({ length: 900 }, (_, number) => `word${number}`).join(' ');

/** The parts of the first message; none if the channel cannot reach this stage. */
function partsOf({ stage }: Step, { channel, confirm }: SendingChannel): readonly string[] {
  if (stage === confirmed && !confirm) return [];
  if (stage !== between) return ['one'];
  const sender = createChannelRegistry(sampleAdapters().adapters).senderFor(channel.kind);
  const parts = sender.delivers === 'by-sending' ? splitText(long, sender.capabilities.textLength) : [];
  return parts.length > 1 ? parts : [];
}

/** The result for a conversation whose server was killed. */
export interface Outcome {
  /** The accepted texts, oldest first: the parts of the first message, and `two`. */
  readonly received: readonly string[];
  /** The recorded attempts of both messages, oldest first. */
  readonly attempts: readonly string[];
  /** The number of recorded doubts. */
  readonly doubts: number;
  /** The notes that agents see about the two messages. */
  readonly notes: readonly string[];
  readonly statuses: readonly string[];
}

/** Outcomes by stage. */
type Outcomes = Readonly<Record<string, Outcome>>;

/**
 * The expected outcome of each stage that a channel can reach: nothing lost, in order, and every doubt
 * recorded.
 */
export function expectedOutcomes(sending: SendingChannel): Outcomes {
  const { inDoubt, channel } = sending;
  const expected = steps.flatMap((step): [string, Outcome][] => {
    const parts = partsOf(step, sending);
    if (parts.length === 0) return [];
    const { stage, part: at = 0 } = step;
    const { attempts, times } = partOutcomes[step.outcome][inDoubt];
    const isDoubtful = step.outcome.startsWith('doubtful');
    const isGivenUp = attempts === givenUp;
    const [before, after] = [parts.slice(0, at), isGivenUp ? [] : parts.slice(at + 1)];
    const outcome = {
      received: [...before, ...Array<string>(times).fill(parts[at] ?? ''), ...after, 'two'],
      attempts: [...before.map(() => 'sent'), ...attempts, ...after.map(() => 'sent'), 'sent'],
      doubts: isDoubtful ? 1 : 0,
      notes: [...(isDoubtful ? [doubtNote(channel.name)] : []), ...(isGivenUp ? [givenUpNote] : [])],
      statuses: [isGivenUp ? 'failed' : 'sent', 'sent'],
    };
    return [[stage, outcome]];
  });
  return Object.fromEntries(expected);
}

const doubtNote = (channel: string) =>
  `The first message may not have reached the customer: ${channel} has not confirmed it. Without a confirmation it is sent again or marked as failed, depending on the app’s settings.`;
const givenUpNote =
  'The first message was not delivered: It is unknown whether it arrived, so it was not sent again.';

interface Conversation {
  readonly step: Step;
  readonly contactId: string;
  readonly parts: readonly string[];
  readonly sessionId: number;
  /** The ids of the messages. */
  readonly messages: number[];
}

/** Kills a server that is at every stage at once, each in its own conversation, and starts another one. */
export async function killAtEveryStep(killed: Killed, sending: SendingChannel): Promise<Outcomes> {
  const first = await killed.first(sending.channel);
  const conversations = await beginConversations(killed, sending, first.server);
  const held: Held[] = [];
  for (const conversation of conversations) {
    held.push(...(await blockAtStage(killed, sending, conversation, first)));
  }
  await stop(first.server, 'SIGKILL');
  for (const { letGo } of held) letGo();
  await makeDue(killed, conversations);

  const next = { ...first, server: await killed.start() };
  for (const { step, contactId, parts } of conversations) {
    if (step.stage === confirmed) await sending.confirm?.(next.server, contactId, parts[0] ?? '');
  }
  const said = conversations.flatMap(({ messages }) => messages);
  const open = async () => {
    const pending = await killed.database.sql`
      SELECT id FROM messages WHERE id = ANY (${said}::bigint[]) AND delivery_status = 'pending'`;
    return pending.length;
  };
  await expect.poll(open).toBe(0);
  const outcomes = conversations.map(
    async (one): Promise<[string, Outcome]> => [one.step.stage, await outcomeOf(killed, sending, one, next)],
  );
  return Object.fromEntries(await Promise.all(outcomes));
}

/** A server, and the token for requests to it. */
interface Target {
  readonly server: RunningServer;
  readonly token: string;
}

/** Writes two messages, the first of which reaches the stage and stays there. @returns what blocks it. */
async function blockAtStage(
  killed: Killed,
  sending: SendingChannel,
  conversation: Conversation,
  { server, token }: Target,
): Promise<readonly Held[]> {
  const { step, contactId, parts, sessionId, messages } = conversation;
  const say = async (text: string) => {
    const path = `/v1/sessions/${sessionId}/replies`;
    const { status, body } = await server.call('POST', path, { token, body: { text } });
    expect(status, JSON.stringify(body)).toBe(201);
    messages.push(body.message.id);
  };
  const whole = step.stage === between ? long : 'one';
  expect(parts.join(' ')).toBe(whole);
  if (!step.failure) {
    // From here on no delivery can be created.
    const table = await hold(killed.database, (sql) => sql`LOCK TABLE deliveries IN SHARE MODE`);
    await say(whole);
    await say('two');
    return [table];
  }
  const text = parts[step.part ?? 0] ?? '';
  sending.misbehave(step.failure, contactId, text);
  await say(whole);
  await expect.poll(() => sending.asked(contactId, text)).toBe(true);
  const held = step.stage === answered ? [await blockResult(killed, sending, conversation)] : [];
  if (step.failure === later) await expect.poll(() => isWaiting(killed, messages)).toBe(true);
  await say('two');
  return held;
}

async function beginConversations(
  { database }: Killed,
  sending: SendingChannel,
  server: RunningServer,
): Promise<readonly Conversation[]> {
  const possible = steps.flatMap((step, at) => {
    const parts = partsOf(step, sending);
    return parts.length > 0 ? [{ step, parts, contactId: sending.contact(at + 1) }] : [];
  });
  const begun: Conversation[] = [];
  for (const one of possible) {
    await sending.writes(server, one.contactId, 'hello');
    await expect.poll(() => sending.textsFor(one.contactId)).toEqual(['In line.']);
    const [session] = await database.sql<{ id: number }[]>`
      SELECT id::int FROM sessions WHERE conversation_key = ${`1/${sending.channel.name}:${one.contactId}`}`;
    begun.push({ ...one, sessionId: session?.id ?? 0, messages: [] });
  }
  return begun;
}

/** Lets the provider answer while the result cannot be stored. */
async function blockResult(
  { database }: Killed,
  sending: SendingChannel,
  { contactId, messages: [message = 0] }: Conversation,
): Promise<Held> {
  const row = await hold(
    database,
    (sql) => sql`SELECT FROM deliveries WHERE message_id = ${message} FOR UPDATE`,
  );
  sending.release(contactId);
  await expect.poll(() => row.waiting()).toBe(1);
  return row;
}

async function isWaiting({ database }: Killed, [message = 0]: readonly number[]): Promise<boolean> {
  const [row] = await database.sql`
    SELECT FROM deliveries WHERE message_id = ${message} AND status = 'queued' AND error IS NOT NULL`;
  return row !== undefined;
}

/**
 * Makes everything that waits for time due: the leases of the dead server's attempts, the next attempts, and
 * the end of a pause. Only what the provider confirms has to wait for it.
 */
async function makeDue({ database: { sql } }: Killed, conversations: readonly Conversation[]): Promise<void> {
  const left = conversations.filter(({ step }) => step.stage === confirmed).map(({ contactId }) => contactId);
  await sql`UPDATE deliveries SET lease_until = now() + interval '1 hour' WHERE contact_id = ANY (${left})`;
  await sql`UPDATE channel_health SET paused_until = NULL`;
  await sql`
    WITH due AS (UPDATE deliveries SET next_attempt_at = now(), lease_until = lease_until - interval '1 hour'
                 WHERE status IN ('queued', 'sending') AND contact_id <> ALL (${left})
                 RETURNING conversation_key AS key)
    SELECT graphile_worker.add_job('deliver', json_build_object('conversationKey', key), job_key => 'deliver ' || key)
    FROM (SELECT DISTINCT key FROM due) AS keys`;
}

async function outcomeOf(
  { database: { sql } }: Killed,
  sending: SendingChannel,
  { contactId, sessionId, messages }: Conversation,
  { server, token }: Target,
): Promise<Outcome> {
  const attempts = await sql<{ outcome: string; decision: string | null }[]>`
    SELECT outcome, decision FROM delivery_attempts JOIN deliveries ON deliveries.id = delivery_id
    WHERE message_id = ANY (${messages}::bigint[]) ORDER BY delivery_attempts.id`;
  const [counted] = await sql<{ doubts: number }[]>`
    SELECT sum(doubts)::int AS doubts FROM deliveries WHERE message_id = ANY (${messages}::bigint[])`;
  const { body } = await server.call('GET', `/v1/sessions/${sessionId}/messages?limit=100`, { token });
  const shown = (
    body.items as { id: number; kind: string; content: { text: string }; deliveryStatus: string }[]
  ).toReversed();
  return {
    received: sending.textsFor(contactId).slice(1),
    attempts: attempts.map(({ outcome, decision }) => [outcome, decision].filter(Boolean).join(', ')),
    doubts: counted?.doubts ?? 0,
    notes: shown
      .filter(({ kind }) => kind === 'note')
      .map(({ content }) => content.text.replace(/^“.*?” /, 'The first message ')),
    statuses: messages.map((id) => shown.find((message) => message.id === id)?.deliveryStatus ?? 'gone'),
  };
}
