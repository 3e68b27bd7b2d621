import type { Event, Message } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { type AppProfile, requireApp } from '../apps/app-directory.ts';
import { messages } from '../db/schema.ts';
import { automaticOf } from '../domain/message-details.ts';
import type { Tx } from '../log/transaction.ts';
import {
  ensureSession,
  isUsable,
  type LockedSession,
  lockSession,
  lockSessionAndMarkRead,
} from '../state/sessions.ts';
import { listener } from './listener-deps.ts';
import { takeTurn } from './take-turn.ts';

type Interaction = 'MessageReadyEvent' | 'MessagePostbackEvent' | 'MessageQuickReplyEvent';

/**
 * The hub of a conversation: ensures a valid session and, unless an agent is handling it, runs survey, rules and bot.
 * Buttons and quick replies are handled with their own events; one listener subscribes to all three, so that a
 * conversation's turns keep their order.
 */
export const HandleMessageReadyEvent = listener<Interaction>({
  name: 'HandleMessageReadyEvent',
  summary: 'Routes a customer’s message: session, survey, rules, bot or agent.',
  async handle(event, { tx, deps }) {
    const app = await requireApp(deps.apps, event.appId);
    if (event.type === 'MessageReadyEvent') return handleMessage(tx, app, event);
    const session = await lockSession(tx, event.data.message.sessionId);
    if (isWithAgent(session)) return;
    const choice = event.type === 'MessagePostbackEvent' ? event.data.postback : event.data.quickReply;
    const { message } = event.data;
    const input = { kind: message.kind, text: choice.title, payload: choice.payload };
    await takeTurn(tx, { app, session, message, input, eventId: event.id });
  },
});

async function handleMessage(
  tx: Tx,
  app: AppProfile,
  { id: eventId, data: { message } }: Event<'MessageReadyEvent'>,
): Promise<void> {
  const session = await validSession(tx, app, message);
  // An out-of-office reply needs no answer, and an answer would trigger the next one.
  if (automaticOf(message.content) === 'reply') return;
  if (isWithAgent(session) || message.kind === 'postback' || message.kind === 'quick_reply') return;
  const input = { kind: message.kind, text: message.content.text };
  await takeTurn(tx, { app, session, message, input, eventId });
}

/** The session of the message or, if that has ended, a new one to which the message is moved. */
async function validSession(tx: Tx, app: AppProfile, message: Message): Promise<LockedSession> {
  const session = await lockSessionAndMarkRead(tx, message);
  if (isUsable(session)) return session;
  const { appId, channel, customerId, contactIdentityId, conversationKey } = session;
  const contact = { appId, channel, customerId, contactIdentityId, conversationKey };
  const fresh = await ensureSession(tx, app, contact);
  await tx.orm.update(messages).set({ sessionId: fresh.session.id }).where(eq(messages.id, message.id));
  return fresh.session;
}

/** A live session without an open case belongs to the bot again: its case was just closed. */
function isWithAgent(session: LockedSession): boolean {
  return session.agentType === 'live' && session.openCaseId !== null;
}
