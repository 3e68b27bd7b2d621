import type { Amounts } from './fill.ts';

/** A request of a screen. */
export interface ScreenRequest {
  readonly name: string;
  readonly path: string;
  /** Who asks; an agent works for one app, an administrator sees all. */
  readonly as: 'admin' | 'agent';
}

/** Known rows that requests ask about. */
export interface Known {
  readonly eventId: string;
  readonly correlationId: string;
}

/** What desk and panel request, with every filter that their screens have. */
export function screenRequests({ sessions, customers, messages }: Amounts, known: Known): ScreenRequest[] {
  const middle = Math.floor(sessions / 2);
  const since = (days: number) => encodeURIComponent(new Date(Date.now() - days * 86_400_000).toISOString());
  const withCase = Math.floor(middle / 3) * 3;
  const desk: readonly (readonly [string, string])[] = [
    ['all conversations', '/v1/conversations?view=all&limit=50'],
    ['of one app', '/v1/conversations?view=all&appId=2&limit=50'],
    ['of a channel', '/v1/conversations?view=all&channel=whatsapp&limit=50'],
    ['mine', '/v1/conversations?view=mine&limit=50'],
    ['the queue', '/v1/conversations?view=queue&limit=50'],
    ['next due first', '/v1/conversations?view=all&sort=due&limit=50'],
    ['overdue', '/v1/conversations?view=all&overdue=true&limit=50'],
    ['conversations with a name', '/v1/conversations?view=all&search=vera%20400&limit=50'],
    ['conversations with a name that none has', '/v1/conversations?view=all&search=zzz&limit=50'],
    ['a conversation', `/v1/sessions/${sessions}/conversation`],
    ['its messages', `/v1/sessions/${sessions}/messages?limit=50`],
    ['an old session', `/v1/sessions/${middle}`],
    ['its messages', `/v1/sessions/${middle}/messages?limit=50`],
    ['sessions', '/v1/sessions?limit=50'],
    ['queue items', '/v1/queue-items?limit=50'],
    ['a case', `/v1/cases/${withCase / 3}`],
    ['a customer', `/v1/customers/${customers}`],
    ['a customer with history', `/v1/customers/${customers}/overview`],
    ['customers with a name', '/v1/customers?appId=2&search=vera%20400'],
    ['customers with an email address', '/v1/customers?appId=2&search=customer40'],
    ['customers with a phone number', '/v1/customers?appId=2&search=%2B88017401'],
    ['customers that do not exist', '/v1/customers?appId=2&search=zzzzz'],
    ['deliveries of a message', `/v1/messages/${messages - 4}/deliveries`],
    ['colleagues', '/v1/agents'],
    ['apps', '/v1/apps'],
    ['canned replies', '/v1/canned-replies?appId=2'],
  ];
  const panel: readonly (readonly [string, string])[] = [
    ['overview', '/v1/admin/overview'],
    ['health', '/v1/admin/health'],
    ['health of 30 days', '/v1/admin/health?window=30d'],
    ['charts of a day', '/v1/admin/charts?window=24h'],
    ['queues', '/v1/admin/queues'],
    ['events', '/v1/admin/events'],
    ['events of a kind', '/v1/admin/events?type=MessageReadyEvent'],
    ['events of a rare kind', '/v1/admin/events?type=MevrikCSATStartEvent'],
    ['events of an app', '/v1/admin/events?appId=2'],
    ['events of a session', `/v1/admin/events?sessionId=${middle}`],
    ['events of a conversation', '/v1/admin/events?key=2%2Fwhatsapp%3Acontact-401'],
    ['events of a chain', `/v1/admin/events?correlationId=${known.correlationId}`],
    ['events that failed', '/v1/admin/events?outcome=dead'],
    ['events that wait', '/v1/admin/events?outcome=waiting'],
    ['discarded events', '/v1/admin/events?outcome=discarded'],
    ['handled events', '/v1/admin/events?outcome=handled'],
    ['events of a week', `/v1/admin/events?from=${since(40)}&until=${since(33)}`],
    ['events with a word that all have', '/v1/admin/events?text=parcel'],
    ['events with a word that none has', '/v1/admin/events?text=zzzzz'],
    ['an event', `/v1/admin/events/${known.eventId}`],
    ['listeners', '/v1/admin/subscriptions'],
    ['dead letters', '/v1/admin/dead-letters'],
    ['replays', '/v1/admin/replays'],
    ['a message by number', `/v1/admin/messages?q=${messages - 40}`],
    ['messages with a word that all have', '/v1/admin/messages?q=parcel'],
    ['messages with words that one has', `/v1/admin/messages?q=number%20${middle}-1`],
    ['messages with a word that none has', '/v1/admin/messages?q=zzzzz'],
    ['messages of a customer', '/v1/admin/messages?q=customer402%40example.com'],
    ['a diagnosis', `/v1/admin/messages/${messages - 43}/diagnosis`],
    ['an old diagnosis', `/v1/admin/messages/${middle}/diagnosis`],
    ['deliveries', '/v1/admin/deliveries'],
    ['failed deliveries', '/v1/admin/deliveries?status=failed'],
    ['deliveries of an app', '/v1/admin/deliveries?appId=2&channel=whatsapp'],
    ['doubtful deliveries', '/v1/admin/deliveries?doubtful=true'],
    ['deliveries of a session', `/v1/admin/deliveries?sessionId=${sessions - 1}`],
    ['webhook events', '/v1/admin/webhook-events'],
    ['webhook events of a channel', '/v1/admin/webhook-events?appId=2&channel=whatsapp'],
    ['ignored webhook events', '/v1/admin/webhook-events?status=ignored'],
    ['webhook events of a provider', '/v1/admin/webhook-events?provider=facebook'],
    ['emails', '/v1/admin/emails'],
    ['ignored emails', '/v1/admin/emails?status=ignored'],
    ['the audit log', '/v1/admin/audit'],
    ['actions of an agent', '/v1/admin/audit?actor=agent%2017'],
    ['actions of a kind', '/v1/admin/audit?action=case.close'],
    ['actions that do not exist', '/v1/admin/audit?search=zzzzz'],
    ['kinds of action', '/v1/admin/audit/actions'],
    ['agents', '/v1/admin/agents'],
    ['apps', '/v1/admin/apps'],
    ['channels', '/v1/admin/channels'],
  ];
  return [
    ...desk.map(([name, path]) => ({ name: `desk: ${name}`, path, as: 'admin' as const })),
    ...desk
      .filter(([, path]) => path.startsWith('/v1/conversations'))
      .map(([name, path]) => ({ name: `desk of an agent: ${name}`, path, as: 'agent' as const })),
    ...panel.map(([name, path]) => ({ name: `panel: ${name}`, path, as: 'admin' as const })),
  ];
}
