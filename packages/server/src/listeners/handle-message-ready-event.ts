import type { Event, Message } from '@mevrik/protocol';
import { eq } from 'drizzle-orm';
import { type AppProfile, requireApp } from '../apps/app-directory.ts';
import { messages } from '../db/schema.ts';
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
 * The hub of the conversation: marks the message read, makes sure of a valid session, and where no agent is
 * talking lets survey, rules and bot take their turn. Buttons and quick replies take theirs with their own event;
 * this one listener hears all three, so that the turns of a conversation are taken in one order.
 */
export const HandleMessageReadyEvent = listener<Interaction>({
  name: 'HandleMessageReadyEvent',
  summary: 'Takes a customer’s message through session, survey, rules and bot to an agent.',
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
  // An absence notice wants nothing, and what it is answered with would bring the next one.
  if (message.content.email?.automatic === 'reply') return;
  if (isWithAgent(session) || message.kind === 'postback' || message.kind === 'quick_reply') return;
  const input = { kind: message.kind, text: message.content.text };
  await takeTurn(tx, { app, session, message, input, eventId });
}

/** The session of a message that is being read, or, when that one is over, a new one into which the message moves. */
async function validSession(tx: Tx, app: AppProfile, message: Message): Promise<LockedSession> {
  const session = await lockSessionAndMarkRead(tx, message);
  if (isUsable(session)) return session;
  const { appId, channel, customerId, contactIdentityId, conversationKey } = session;
  const contact = { appId, channel, customerId, contactIdentityId, conversationKey };
  const fresh = await ensureSession(tx, app, contact);
  await tx.orm.update(messages).set({ sessionId: fresh.session.id }).where(eq(messages.id, message.id));
  return fresh.session;
}

/** A live session without an open case is one whose case was just closed: it is the bot's again. */
function isWithAgent(session: LockedSession): boolean {
  return session.agentType === 'live' && session.openCaseId !== null;
}
