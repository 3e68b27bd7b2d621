import { isDeepStrictEqual } from 'node:util';
import { cutText, type Message, type MessageContent } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import type { AppProfile } from '../apps/app-directory.ts';
import { requestAgent } from '../commands/request-agent.ts';
import { sendReply } from '../commands/send-reply.ts';
import { answerSurvey } from '../commands/survey.ts';
import { hotCustomers } from '../db/hot-tables.ts';
import { toCustomer, toSession } from '../db/models.ts';
import { botTurns, sessions } from '../db/schema.ts';
import { type BotFlow, type BotInput, botStateSchema, respond } from '../domain/bot/index.ts';
import { parseScore, thanksContent } from '../domain/csat.ts';
import { automaticOf } from '../domain/message-details.ts';
import { type RoutingDecision, route } from '../domain/routing/index.ts';
import type { Tx } from '../log/transaction.ts';
import { addAttributes } from '../state/customers.ts';
import type { LockedSession } from '../state/sessions.ts';
import { openSurvey } from '../state/surveys.ts';

/** A customer's turn: the message, and the bot's input from it. */
export interface Turn {
  readonly app: AppProfile;
  readonly session: LockedSession;
  readonly message: Message;
  readonly input: BotInput;
  /** The event being handled; it becomes the cause of the HTTP bot's answer. */
  readonly eventId: string;
}

/**
 * Handles a customer's message that no agent handles: stores an answer to a survey, applies the routing rules, and
 * otherwise lets the bot answer.
 */
export async function takeTurn(tx: Tx, turn: Turn): Promise<void> {
  const isAutomatic = automaticOf(turn.message.content) !== undefined;
  if (!isAutomatic && (await takeSurveyAnswer(tx, turn))) return;
  const customer = await readCustomer(tx, turn.session.customerId);
  const decision = decide(turn, customer);
  if (decision.action !== 'bot') return handOver(tx, turn, decision);
  // The bot does not answer automatic messages.
  if (isAutomatic) return;
  const { bot } = turn.app;
  if (bot.kind === 'none') return handOver(tx, turn, decision);
  if (bot.kind === 'http') return enqueueHttpBot(tx, turn, customer);
  return answer(tx, turn, bot.flow, customer);
}

async function takeSurveyAnswer(tx: Tx, { app, session, message }: Turn): Promise<boolean> {
  const { csat, text, postback, quickReply } = message.content;
  const payload = (quickReply ?? postback)?.payload;
  const isAddressed = csat !== undefined || (payload?.startsWith('csat:') ?? false);
  if (!isAddressed && session.path !== 'csat') return false;
  const given = csat ?? parseScore({ text, payload });
  if (!given) return false;
  // A button of an old survey: nothing to store, and the bot should not handle it either.
  if (!(await openSurvey(tx, session.id))) return isAddressed;
  const answered = await answerSurvey(tx, session, given);
  await sendReply(tx, {
    session: answered.session,
    sender: { type: 'system' },
    kind: 'system',
    content: thanksContent(app.settings.csat.thanks, given.score),
  });
  return true;
}

function decide(
  { app, session, message, input }: Turn,
  customer: ReturnType<typeof toCustomer>,
): RoutingDecision {
  return route(app.rules, {
    app: { id: app.id, name: app.name },
    channel: { name: session.channel, kind: app.channels.get(session.channel)?.kind ?? session.channel },
    message: { kind: message.kind, text: input.text ?? '', payload: input.payload ?? '' },
    session: { agentType: session.agentType, path: session.path },
    customer: { verified: customer.verified, locale: customer.locale ?? '', attributes: customer.attributes },
  });
}

const reasons = { queue: 'rule', ticket: 'video_call', transfer: 'transfer', bot: 'handover' } as const;

async function handOver(tx: Tx, { app, session }: Turn, decision: RoutingDecision): Promise<void> {
  await requestAgent(tx, {
    app,
    session,
    reason: reasons[decision.action],
    queue: decision.queue,
    priority: decision.priority,
    skills: decision.skills,
    subject: cutText(`Routed by rule “${decision.rule}”`, 200),
  });
}

async function answer(
  tx: Tx,
  { app, session, input }: Turn,
  flow: BotFlow,
  customer: ReturnType<typeof toCustomer>,
): Promise<void> {
  const before = botStateSchema.safeParse(session.botState);
  const turn = respond(flow, before.success ? before.data : null, input, customer);
  if (!before.success || !isDeepStrictEqual(before.data, turn.state)) {
    await tx.orm
      .update(sessions)
      .set({ botState: { ...turn.state } })
      .where(eq(sessions.id, session.id));
  }
  await addAttributes(tx, session.customerId, turn.attributes);
  await sendBotReplies(tx, session, turn.replies);
  if (turn.handover) {
    const { reason, ...wishes } = turn.handover;
    await requestAgent(tx, { app, session, reason: 'handover', subject: cutText(reason, 200), ...wishes });
  }
}

/** Sends the bot's replies in order. */
export async function sendBotReplies(
  tx: Tx,
  session: LockedSession,
  replies: readonly MessageContent[],
): Promise<void> {
  for (const content of replies) await sendReply(tx, { session, sender: { type: 'bot' }, content });
}

/** Stores the turn for the HTTP bot, which a job calls outside this transaction, one turn per session at a time. */
async function enqueueHttpBot(tx: Tx, turn: Turn, customer: ReturnType<typeof toCustomer>): Promise<void> {
  const { app, session, message, eventId } = turn;
  const request = {
    type: 'message',
    app: { id: app.id, name: app.name },
    session: toSession(session),
    customer,
    message,
  };
  await tx.orm
    .insert(botTurns)
    .values({ appId: app.id, sessionId: session.id, eventId, request })
    .onConflictDoNothing();
  await tx.addJob('ask-http-bot', { sessionId: session.id }, { appId: app.id });
}

async function readCustomer(tx: Tx, id: number) {
  const [row] = await hotCustomers.select(tx.sql, 'WHERE id = $1', [id]);
  if (!row) throw new Error(`Customer ${id} is gone.`);
  return toCustomer(row);
}
