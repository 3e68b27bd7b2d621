import type {
  Accepted,
  Agent,
  Attachment,
  AvailabilityChange,
  CannedReply,
  Case,
  ChangeCannedReply,
  ChangeCustomer,
  ChannelChange,
  ChannelKind,
  ChannelState,
  ChannelTest,
  Charts,
  ChartWindow,
  Choice,
  CloseCase,
  Colleague,
  ConfiguredChannel,
  ConversationQuery,
  ConversationRow,
  CsatAnswer,
  Customer,
  CustomerOverview,
  CustomerSummary,
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
  Login,
  Me,
  Message,
  MessageSearch,
  NewCannedReply,
  NewChannel,
  OfflineMessage,
  Page,
  PageQuery,
  ParkedEvent,
  ParkedFilter,
  PostMessage,
  QueueItem,
  QueueQuery,
  Replay,
  ReplayEntry,
  ReplayEntryQuery,
  ReplayPreview,
  ReplayRequest,
  Replied,
  Reply,
  Session,
  SessionQuery,
  StaffApp,
  StartReplay,
  StartVisit,
  StoredMessage,
  StoredOfflineMessage,
  SubscriptionState,
  TeamAvailability,
  Transfer,
  Visit,
  WebhookEvent,
  WebhookEventQuery,
} from '@mevrik/protocol';
import type { Call, Caller } from './caller.ts';
import { randomKey } from './random-key.ts';
import type { Tokens } from './token-store.ts';

/** What is written under the same key is written once, also when it has to be sent again. One is made where none is given. */
export interface Once {
  readonly key?: string;
}

/** How a change is kept from overwriting another one that was made meanwhile. */
export type Precondition = Pick<Call, 'ifMatch' | 'onEtag'>;

type Query = Call['query'];

const channelPath = (appId: number, channel: string) =>
  `/v1/admin/apps/${appId}/channels/${encodeURIComponent(channel)}`;

function once({ key = randomKey() }: Once = {}): Pick<Call, 'idempotencyKey'> {
  return { idempotencyKey: key };
}

/** The API's calls. All of them reject with a MevrikError. */
export type Rest = ReturnType<typeof createRest>;

/** Makes the calls that customers and agents need; `call` of the client makes any other. */
export function createRest(call: Caller, appKey: string) {
  const post = <Answer>(path: string, body: unknown, more: Call = {}) =>
    call<Answer>('POST', path, { body, ...more });
  const get = <Answer>(path: string, query?: object) =>
    call<Answer>('GET', path, query ? { query: query as NonNullable<Query> } : {});

  return {
    /** Begins a visit to the client's app, or resumes one that the app vouches for. */
    startVisit: (visit: Omit<StartVisit, 'appKey'> = {}) => post<Visit>('/v1/visitors', { appKey, ...visit }),
    /** Resumes a visit with its refresh token. */
    refreshVisit: (refreshToken: string) => post<Visit>('/v1/visitors/refresh', { refreshToken }),
    /** Whether anybody is there; strangers may ask, too. */
    opening: () => get<TeamAvailability>('/v1/team-availability', { appKey }),
    /** Leaves a message for when people are there again; it is answered by mail where the app has a channel for that. */
    leaveMessage: (message: OfflineMessage, repeat?: Once) =>
      post<StoredOfflineMessage>('/v1/offline-messages', message, once(repeat)),
    /** The customer, their session where there is one, their place in line, and who answers. */
    me: () => get<Me>('/v1/me'),
    /** Says who the customer is: fills what is not known; whoever the app vouched for may also change it. */
    introduce: (profile: NonNullable<StartVisit['profile']>) =>
      call<{ readonly customer: Customer }>('PATCH', '/v1/me', { body: profile }),
    /** The customer's conversation, newest first. */
    messages: (page?: PageQuery) => get<Page<Message>>('/v1/messages', page),
    writeMessage: (message: PostMessage, repeat?: Once) =>
      post<StoredMessage>('/v1/messages', message, once(repeat)),
    /** Presses a button of a message. */
    pressButton: (choice: Choice, repeat?: Once) =>
      post<StoredMessage>('/v1/postbacks', choice, once(repeat)),
    chooseQuickReply: (choice: Choice, repeat?: Once) =>
      post<StoredMessage>('/v1/quick-replies', choice, once(repeat)),
    answerSurvey: (answer: CsatAnswer, repeat?: Once) =>
      post<StoredMessage>('/v1/csat-answers', answer, once(repeat)),
    /** Says that the customer is typing, or no longer. */
    sendTyping: (typing: boolean) => post<void>('/v1/typing', { typing }),
    /** Says how far the customer has read. */
    markRead: (messageId: number) => post<void>('/v1/read', { messageId }),

    /** Logs an agent in. */
    login: (login: Login) => post<Tokens & { readonly agent: Agent }>('/v1/agents/login', login),
    refreshLogin: (refreshToken: string) => post<Tokens>('/v1/agents/refresh', { refreshToken }),
    logout: () => call<void>('POST', '/v1/agents/logout'),
    /** The agent who is logged in. */
    agent: () => get<Agent>('/v1/agents/me'),
    setAvailability: (change: AvailabilityChange) =>
      call<Agent>('PUT', '/v1/agents/me/availability', { body: change }),
    /** The apps that the agent works for, and with whom. */
    apps: () => get<{ readonly items: readonly StaffApp[] }>('/v1/apps'),
    colleagues: () => get<{ readonly items: readonly Colleague[] }>('/v1/agents'),
    /** Conversations that go on, with all that a list shows. */
    conversations: (query?: ConversationQuery) => get<Page<ConversationRow>>('/v1/conversations', query),
    conversation: (sessionId: number) => get<ConversationRow>(`/v1/sessions/${sessionId}/conversation`),
    queueItems: (query?: QueueQuery) => get<Page<QueueItem>>('/v1/queue-items', query),
    /** Takes a waiting conversation; rejects with `conflict` when somebody else has it. */
    acceptQueueItem: (id: number) => call<Accepted>('POST', `/v1/queue-items/${id}/accept`),
    sessions: (query?: SessionQuery) => get<Page<Session>>('/v1/sessions', query),
    session: (id: number) => get<Session>(`/v1/sessions/${id}`),
    /** A session's conversation, newest first, with notes. */
    sessionMessages: (id: number, page?: PageQuery) =>
      get<Page<Message>>(`/v1/sessions/${id}/messages`, page),
    reply: (sessionId: number, reply: Reply, repeat?: Once) =>
      post<Replied>(`/v1/sessions/${sessionId}/replies`, reply, once(repeat)),
    /** Writes a note that only colleagues see. */
    addNote: (sessionId: number, text: string, repeat?: Once) =>
      post<Replied>(`/v1/sessions/${sessionId}/notes`, { text }, once(repeat)),
    /** Gives a session to an agent, to a queue, or back to the bot. */
    transfer: (sessionId: number, transfer: Transfer) =>
      post<{ readonly session: Session }>(`/v1/sessions/${sessionId}/transfer`, transfer),
    sendTypingIn: (sessionId: number, typing: boolean) =>
      post<void>(`/v1/sessions/${sessionId}/typing`, { typing }),
    markReadIn: (sessionId: number, messageId: number) =>
      post<void>(`/v1/sessions/${sessionId}/read`, { messageId }),
    /** How a message went through its channel, and through those it fell back to, newest first. */
    deliveriesOf: (messageId: number) =>
      get<{ readonly items: readonly Delivery[] }>(`/v1/messages/${messageId}/deliveries`),
    /** Sends a message that failed once more; rejects with `conflict` where it has not failed. */
    retryMessage: (messageId: number) => call<Replied>('POST', `/v1/messages/${messageId}/retry`),
    case: (id: number) => get<{ readonly case: Case }>(`/v1/cases/${id}`),
    closeCase: (id: number, closing: CloseCase) =>
      post<{ readonly case: Case }>(`/v1/cases/${id}/close`, closing),
    /** The replies that an app's agents need often. */
    cannedReplies: (appId: number) =>
      get<{ readonly items: readonly CannedReply[] }>('/v1/canned-replies', { appId }),
    addCannedReply: (reply: NewCannedReply) => post<CannedReply>('/v1/canned-replies', reply),
    changeCannedReply: (id: number, change: ChangeCannedReply) =>
      call<CannedReply>('PATCH', `/v1/canned-replies/${id}`, { body: change }),
    removeCannedReply: (id: number) => call<void>('DELETE', `/v1/canned-replies/${id}`),
    /** Uploads a file: put its `fileId` into a message's attachments. Agents say which app it is for. */
    uploadFile: (
      file: Blob,
      about: { readonly appId?: number; readonly name: string },
      run: Pick<Call, 'onProgress' | 'signal'> = {},
    ) => post<Attachment>('/v1/attachments', file, { query: about, ...run }),
    customer: (id: number) => get<Customer>(`/v1/customers/${id}`),
    /** Customers of an app by a part of what is known of them, at most twenty. */
    searchCustomers: (query: { readonly appId: number; readonly search: string }) =>
      get<{ readonly items: readonly CustomerSummary[] }>('/v1/customers', query),
    changeCustomer: (id: number, change: ChangeCustomer) =>
      call<Customer>('PATCH', `/v1/customers/${id}`, { body: change }),
    /** Makes one customer of two; `otherId` is whose contacts and conversations go over. */
    mergeCustomer: (id: number, otherId: number) => post<Customer>(`/v1/customers/${id}/merge`, { otherId }),
    customerOverview: (id: number) => get<CustomerOverview>(`/v1/customers/${id}/overview`),

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
