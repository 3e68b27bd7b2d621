import { and, eq } from 'drizzle-orm';
import { requireApp } from '../apps/app-directory.ts';
import { customers, messages } from '../db/schema.ts';
import { greet } from '../domain/bot/index.ts';
import { route } from '../domain/routing/index.ts';
import { lockSession } from '../state/sessions.ts';
import { listener } from './listener-deps.ts';
import { sendBotReplies } from './take-turn.ts';

/** Greets the customer in a new session if the bot handles it and has sent nothing yet. */
export const SendWelcomeMessage = listener<'SessionCreatedEvent'>({
  name: 'SendWelcomeMessage',
  summary: 'Sends the bot’s welcome message in a new session.',
  async handle({ appId, data: { sessionUser } }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    if (!app.settings.welcome || app.bot.kind !== 'builtin') return;
    const session = await lockSession(tx, sessionUser.id);
    if (session.status !== 'active' || session.agentType !== 'bot') return;
    const [[customer], [reply]] = await Promise.all([
      tx.orm.select().from(customers).where(eq(customers.id, session.customerId)),
      tx.orm
        .select({ id: messages.id })
        .from(messages)
        .where(and(eq(messages.sessionId, session.id), eq(messages.isReply, true)))
        .limit(1),
    ]);
    if (!customer || reply) return;
    const kind = app.channels.get(session.channel)?.kind ?? session.channel;
    const decision = route(app.rules, {
      app: { id: app.id, name: app.name },
      channel: { name: session.channel, kind },
      message: { kind: 'text', text: '', payload: '' },
      session: { agentType: session.agentType, path: session.path },
      customer: {
        verified: customer.verified,
        locale: customer.locale ?? '',
        attributes: customer.attributes,
      },
    });
    if (decision.action === 'bot') await sendBotReplies(tx, session, greet(app.bot.flow, customer));
  },
});
