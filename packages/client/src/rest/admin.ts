import type {
  ChannelChange,
  ChannelKind,
  ChannelState,
  ChannelTest,
  Charts,
  ChartWindow,
  ConfiguredChannel,
  Delivery,
  DeliveryQuery,
  Diagnosis,
  EmailPreview,
  EmailQuery,
  EmailRecord,
  EventPage,
  EventQuery,
  EventStory,
  HealthReport,
  MessageSearch,
  NewChannel,
  Page,
  PageQuery,
  ParkedEvent,
  ParkedFilter,
  Replay,
  ReplayEntry,
  ReplayEntryQuery,
  ReplayPreview,
  ReplayRequest,
  StartReplay,
  SubscriptionState,
  WebhookEvent,
  WebhookEventQuery,
} from '@mevrik/protocol';
import type { Caller } from '../caller.ts';
import { type Once, once, type Precondition, verbsOf } from './verbs.ts';

const channelPath = (appId: number, channel: string) =>
  `/v1/admin/apps/${appId}/channels/${encodeURIComponent(channel)}`;

/** What supervisors and administrators may call. */
export function adminCalls(call: Caller) {
  const { post, get } = verbsOf(call);
  return {
    /** Finds messages by number, text, or who wrote them: name, address, phone, contact. For supervisors and above. */
    findMessages: (query: { readonly q: string; readonly appId?: number; readonly limit?: number }) =>
      get<MessageSearch>('/v1/admin/messages', query),
    /** What became of a message, and in a sentence why it was or was not answered. For supervisors and above. */
    diagnosis: (id: number) => get<Diagnosis>(`/v1/admin/messages/${id}/diagnosis`),
    /** How event processing, channels, job queue and database are, and were. For supervisors and above. */
    health: (query?: { readonly window?: '24h' | '7d' | '30d' }) =>
      get<HealthReport>('/v1/admin/health', query),
    /** Figures over time; `statistics_stored` on `queues` tells of new ones. For supervisors and above. */
    charts: (query?: { readonly window?: ChartWindow }) => get<Charts>('/v1/admin/charts', query),
    /** Messages on their way through providers, newest first, with every attempt. For supervisors and above. */
    deliveries: (query?: DeliveryQuery) => get<Page<Delivery>>('/v1/admin/deliveries', query),
    /** How the channels are doing; those that are down come first. For supervisors and above. */
    channelStates: () => get<{ readonly items: readonly ChannelState[] }>('/v1/admin/channels'),
    /** Tries at once whether a channel that is down is back. */
    probeChannel: (appId: number, channel: string) =>
      call<void>('POST', `/v1/admin/channels/${appId}/${encodeURIComponent(channel)}/probe`),
    /** The kinds of channel, with what a channel of each must be told. For administrators. */
    channelKinds: () =>
      get<{ readonly items: readonly ChannelKind[]; readonly mailServer: string | null }>(
        '/v1/admin/channel-kinds',
      ),
    /** A channel with its settings; of its secrets only which are set. */
    channel: (appId: number, channel: string, told?: Pick<Precondition, 'onEtag'>) =>
      call<ConfiguredChannel>('GET', channelPath(appId, channel), told),
    /** Adds a channel, or replaces all that it is told. */
    putChannel: (appId: number, channel: string, body: NewChannel, guard?: Precondition) =>
      call<void>('PUT', channelPath(appId, channel), { body, ...guard }),
    /** Changes a channel: what is absent stays, secrets too; `null` takes a setting away. */
    changeChannel: (appId: number, channel: string, body: ChannelChange, guard?: Precondition) =>
      call<ConfiguredChannel>('PATCH', channelPath(appId, channel), { body, ...guard }),
    /** Tries settings, laid over those of the channel where there is one; nothing is kept. */
    testChannel: (appId: number, channel: string, body: Omit<NewChannel, 'enabled'>) =>
      post<ChannelTest>(`${channelPath(appId, channel)}/test`, body),
    /** Tells the channel's provider which address it is to call, where that can be done. */
    connectChannel: (appId: number, channel: string) =>
      call<ChannelTest>('POST', `${channelPath(appId, channel)}/connect`),
    /** Updates of providers as they came in, newest first. */
    webhookEvents: (query?: WebhookEventQuery) =>
      get<Page<WebhookEvent> & { readonly counts: Readonly<Record<string, number>> }>(
        '/v1/admin/webhook-events',
        query,
      ),
    /** Has an update handled once more. */
    replayWebhookEvent: (id: number) => call<void>('POST', `/v1/admin/webhook-events/${id}/replay`),
    /** Mails that came in, newest first. */
    emails: (query?: EmailQuery) =>
      get<Page<EmailRecord> & { readonly counts: Readonly<Record<string, number>> }>(
        '/v1/admin/emails',
        query,
      ),
    /** A mail with the beginning of what it is made of. */
    email: (id: number) => get<EmailPreview>(`/v1/admin/emails/${id}`),
    /** Has a mail taken in once more. */
    replayEmail: (id: number) => call<void>('POST', `/v1/admin/emails/${id}/replay`),
    /** Events of the log, newest first. For supervisors and above. */
    events: (query?: EventQuery) => get<EventPage>('/v1/admin/events', query),
    /** An event with its chain, and what listeners, broadcasts and deliveries made of it. */
    eventStory: (id: string) => get<EventStory>(`/v1/admin/events/${id}`),
    /** The listeners, with how far each is behind. */
    subscriptions: () => get<{ readonly items: readonly SubscriptionState[] }>('/v1/admin/subscriptions'),
    /** Lets a paused listener go on. */
    resumeSubscription: (name: string) =>
      call<void>('POST', `/v1/admin/subscriptions/${encodeURIComponent(name)}/resume`),
    /** Events that listeners could not handle, newest first. */
    deadLetters: (query?: ParkedFilter & PageQuery) =>
      get<Page<ParkedEvent>>('/v1/admin/dead-letters', query),
    /** Has all that match tried again; `editedData` in place of the data of one. */
    retryDeadLetters: (filter: ParkedFilter, editedData?: Readonly<Record<string, unknown>>) =>
      post<{ readonly retried: number }>('/v1/admin/dead-letters/retry', {
        filter,
        ...(editedData && { editedData }),
      }),
    /** Drops all that match: their listeners never handle them. */
    discardDeadLetters: (filter: ParkedFilter) =>
      post<{ readonly discarded: number }>('/v1/admin/dead-letters/discard', { filter }),
    /** What would run if these listeners handled these events again; it changes nothing. For administrators. */
    previewReplay: (request: ReplayRequest) => post<ReplayPreview>('/v1/admin/replays/preview', request),
    /** Has these listeners handle these events again; rejects with `conflict` where more or fewer than `expected`. */
    startReplay: (request: StartReplay, repeat?: Once) =>
      post<Replay>('/v1/admin/replays', request, once(repeat)),
    /** Replays and how far they have come, newest first. */
    replays: (page?: PageQuery) => get<Page<Replay>>('/v1/admin/replays', page),
    replay: (id: number) => get<Replay>(`/v1/admin/replays/${id}`),
    /** What became of each event of a replay. */
    replayEntries: (id: number, query?: ReplayEntryQuery) =>
      get<Page<ReplayEntry>>(`/v1/admin/replays/${id}/entries`, query),
    /** Runs nothing more of a replay; what has run stays. */
    cancelReplay: (id: number) => call<Replay>('POST', `/v1/admin/replays/${id}/cancel`),
  };
}
