import type {
  Agent,
  AgentQuery,
  AppRecord,
  AuditQuery,
  AuditRecordPage,
  Bot,
  BotTest,
  BotTestResult,
  ChangeAgent,
  ChangeApp,
  ChannelChange,
  ChannelKind,
  ChannelState,
  ChannelSummary,
  ChannelTest,
  ChartData,
  ChartWindow,
  ConfiguredChannel,
  CreateAgent,
  CreatedApp,
  Delivery,
  DeliveryQuery,
  Diagnosis,
  EmailQuery,
  EmailRecord,
  EmailRecordPreview,
  EventQuery,
  EventSegment,
  EventSegmentQuery,
  EventStory,
  GatewayNode,
  GatewayTopic,
  HealthReport,
  LoggedEventPage,
  MessageSearch,
  NewApp,
  NewChannel,
  Overview,
  Page,
  PageQuery,
  ParkedEvent,
  ParkedEventFilter,
  PutBot,
  QueueOverview,
  Replay,
  ReplayEntry,
  ReplayEntryQuery,
  ReplayPreview,
  ReplayRequest,
  RotatedSecret,
  RoutingRule,
  RoutingRules,
  RulesTest,
  RulesTestResult,
  SettingGroup,
  StartReplay,
  SubscriptionState,
  WebhookEvent,
  WebhookEventQuery,
} from '@mevrik/protocol';
import type { Caller } from '../caller.ts';
import { type Once, once, type Precondition, verbsOf } from './verbs.ts';

/** Filters of the list of topics. */
export interface GatewayTopicQuery {
  readonly appId?: number;
  /** The prefix of the topics' names. */
  readonly prefix?: string;
  readonly cursor?: string;
  readonly limit?: number;
}

/** Reads the ETag of the response, for a change that must not overwrite another one. */
type EtagReader = Pick<Precondition, 'onEtag'>;

/** The calls of supervisors and administrators. */
export function adminCalls(call: Caller) {
  return {
    ...overviewCalls(call),
    ...messageCalls(call),
    ...channelCalls(call),
    ...eventCalls(call),
    ...archiveCalls(call),
    ...replayCalls(call),
    ...appCalls(call),
    ...agentCalls(call),
    ...gatewayCalls(call),
  };
}

function overviewCalls(call: Caller) {
  const { get } = verbsOf(call);
  return {
    /** Waiting customers, open cases, agents and satisfaction at a glance. For supervisors and above. */
    overview: () => get<Overview>('/v1/admin/overview'),
    /** Status and history of event processing, channels, job queue and database. For supervisors and above. */
    health: (query?: { readonly window?: '24h' | '7d' | '30d' }) =>
      get<HealthReport>('/v1/admin/health', query),
    /** Statistics over time; the notice `statistics_stored` announces new ones. For supervisors and above. */
    charts: (query?: { readonly window?: ChartWindow }) => get<ChartData>('/v1/admin/charts', query),
    /** Queues with their waiting customers, and the agents at the desk. For supervisors and above. */
    queues: () => get<QueueOverview>('/v1/admin/queues'),
  };
}

function messageCalls(call: Caller) {
  const { get } = verbsOf(call);
  return {
    /** Finds messages by number, text or customer: name, email address, phone, contact. For supervisors and above. */
    findMessages: (query: { readonly q: string; readonly appId?: number; readonly limit?: number }) =>
      get<MessageSearch>('/v1/admin/messages', query),
    /** Why a message was or was not answered. For supervisors and above. */
    diagnosis: (id: number) => get<Diagnosis>(`/v1/admin/messages/${id}/diagnosis`),
    /** Deliveries through providers, newest first, with every attempt. For supervisors and above. */
    deliveries: (query?: DeliveryQuery) => get<Page<Delivery>>('/v1/admin/deliveries', query),
    /** Webhook events as received from providers, newest first. */
    webhookEvents: (query?: WebhookEventQuery) =>
      get<Page<WebhookEvent> & { readonly counts: Readonly<Record<string, number>> }>(
        '/v1/admin/webhook-events',
        query,
      ),
    /** Processes a webhook event again. */
    replayWebhookEvent: (id: number) => call<void>('POST', `/v1/admin/webhook-events/${id}/replay`),
    /** Inbound emails, newest first. */
    emails: (query?: EmailQuery) =>
      get<Page<EmailRecord> & { readonly counts: Readonly<Record<string, number>> }>(
        '/v1/admin/emails',
        query,
      ),
    /** An inbound email with the beginning of its source. */
    email: (id: number) => get<EmailRecordPreview>(`/v1/admin/emails/${id}`),
    /** Processes an inbound email again. */
    replayEmail: (id: number) => call<void>('POST', `/v1/admin/emails/${id}/replay`),
  };
}

const channelPath = (appId: number, channel: string) =>
  `/v1/admin/apps/${appId}/channels/${encodeURIComponent(channel)}`;

function channelCalls(call: Caller) {
  const { post, get } = verbsOf(call);
  return {
    /** The health of all channels; those that are down come first. For supervisors and above. */
    channelStates: () => get<{ readonly items: readonly ChannelState[] }>('/v1/admin/channels'),
    /** Checks immediately whether a channel that is down has recovered. */
    probeChannel: (appId: number, channel: string) =>
      call<void>('POST', `/v1/admin/channels/${appId}/${encodeURIComponent(channel)}/probe`),
    /** The kinds of channel, with their settings. For administrators. */
    channelKinds: () =>
      get<{ readonly items: readonly ChannelKind[]; readonly mailServer: string | null }>(
        '/v1/admin/channel-kinds',
      ),
    /** The channels of an app, with the names of their settings. */
    appChannels: (appId: number) =>
      get<{ readonly items: readonly ChannelSummary[] }>(`/v1/admin/apps/${appId}/channels`),
    /** A channel with its settings; of its secrets only the names. */
    channel: (appId: number, channel: string, etag?: EtagReader) =>
      call<ConfiguredChannel>('GET', channelPath(appId, channel), etag),
    /** Adds a channel, or replaces all of its settings. */
    putChannel: (appId: number, channel: string, body: NewChannel, guard?: Precondition) =>
      call<void>('PUT', channelPath(appId, channel), { body, ...guard }),
    /** Changes a channel: absent settings stay, secrets included; `null` removes a setting. */
    changeChannel: (appId: number, channel: string, body: ChannelChange, guard?: Precondition) =>
      call<ConfiguredChannel>('PATCH', channelPath(appId, channel), { body, ...guard }),
    /** Tests settings, merged into those of an existing channel; nothing is stored. */
    testChannel: (appId: number, channel: string, body: Omit<NewChannel, 'enabled'>) =>
      post<ChannelTest>(`${channelPath(appId, channel)}/test`, body),
    /** Registers the channel's webhook URL with its provider, if the provider supports that. */
    connectChannel: (appId: number, channel: string) =>
      call<ChannelTest>('POST', `${channelPath(appId, channel)}/connect`),
  };
}

function eventCalls(call: Caller) {
  const { post, get } = verbsOf(call);
  return {
    /** Events of the log, newest first. For supervisors and above. */
    events: (query?: EventQuery) => get<LoggedEventPage>('/v1/admin/events', query),
    /** An event with its chain, and the results at listeners, broadcasts and deliveries. */
    eventStory: (id: string) => get<EventStory>(`/v1/admin/events/${id}`),
    /** The listeners with their lag. */
    subscriptions: () => get<{ readonly items: readonly SubscriptionState[] }>('/v1/admin/subscriptions'),
    /** Resumes a paused listener, for one app or for all. */
    resumeSubscription: (name: string, appId?: number) =>
      post<{ readonly resumed: number }>(`/v1/admin/subscriptions/${encodeURIComponent(name)}/resume`, {
        appId,
      }),
    /** Events that listeners could not handle, newest first. */
    deadLetters: (query?: ParkedEventFilter & PageQuery) =>
      get<Page<ParkedEvent>>('/v1/admin/dead-letters', query),
    /** Retries all matching dead letters; `editedData` replaces the data of a single one. */
    retryDeadLetters: (filter: ParkedEventFilter, editedData?: Readonly<Record<string, unknown>>) =>
      post<{ readonly retried: number }>('/v1/admin/dead-letters/retry', {
        filter,
        ...(editedData && { editedData }),
      }),
    /** Discards all matching dead letters: their listeners never handle them. */
    discardDeadLetters: (filter: ParkedEventFilter) =>
      post<{ readonly discarded: number }>('/v1/admin/dead-letters/discard', { filter }),
  };
}

function archiveCalls(call: Caller) {
  const { post, get } = verbsOf(call);
  return {
    /** The archived parts of the event log, newest first. */
    eventArchive: (query?: EventSegmentQuery) => get<Page<EventSegment>>('/v1/admin/event-archive', query),
    /** Puts archived events back into the log for a week. For administrators. */
    loadEventSegment: (id: number) => post<EventSegment>(`/v1/admin/event-archive/${id}/load`, {}),
  };
}

function replayCalls(call: Caller) {
  const { post, get } = verbsOf(call);
  return {
    /** What would run if these listeners handled these events again; nothing changes. For administrators. */
    previewReplay: (request: ReplayRequest) => post<ReplayPreview>('/v1/admin/replays/preview', request),
    /** Starts a replay; rejects with `conflict` if more or fewer than `expected` runs match. */
    startReplay: (request: StartReplay, repeat?: Once) =>
      post<Replay>('/v1/admin/replays', request, once(repeat)),
    /** Replays with their progress, newest first. */
    replays: (page?: PageQuery) => get<Page<Replay>>('/v1/admin/replays', page),
    /** A replay with its progress. */
    replay: (id: number) => get<Replay>(`/v1/admin/replays/${id}`),
    /** The result of each event of a replay. */
    replayEntries: (id: number, query?: ReplayEntryQuery) =>
      get<Page<ReplayEntry>>(`/v1/admin/replays/${id}/entries`, query),
    /** Cancels the pending events of a replay; completed runs stay. */
    cancelReplay: (id: number) => call<Replay>('POST', `/v1/admin/replays/${id}/cancel`),
  };
}

function appCalls(call: Caller) {
  const { post, get } = verbsOf(call);
  const path = (id: number) => `/v1/admin/apps/${id}`;
  return {
    /** The apps of the installation. For administrators. */
    apps: (page?: PageQuery) => get<Page<AppRecord>>('/v1/admin/apps', page),
    /** Creates an app; its secret is in this answer only. */
    createApp: (app: NewApp) => post<CreatedApp>('/v1/admin/apps', app),
    /** An app. */
    app: (id: number, etag?: EtagReader) => call<AppRecord>('GET', path(id), etag),
    /** Changes an app; settings are merged into the stored ones, and `null` removes one. */
    changeApp: (id: number, body: ChangeApp, guard?: Precondition) =>
      call<AppRecord>('PATCH', path(id), { body, ...guard }),
    /** The settings that an app can have. */
    appSettings: () => get<{ readonly groups: readonly SettingGroup[] }>('/v1/admin/app-settings'),
    /** Replaces all settings of an app; absent ones return to their defaults. */
    replaceAppSettings: (id: number, body: Readonly<Record<string, unknown>>, guard?: Precondition) =>
      call<AppRecord>('PUT', `${path(id)}/settings`, { body, ...guard }),
    /** Gives an app a new secret, which is in this answer only. */
    rotateAppSecret: (id: number) => call<RotatedSecret>('POST', `${path(id)}/rotate-secret`),
    /** The routing rules of an app. */
    routingRules: (appId: number, etag?: EtagReader) =>
      call<RoutingRules>('GET', `${path(appId)}/rules`, etag),
    /** Replaces the routing rules of an app. */
    putRoutingRules: (appId: number, rules: readonly RoutingRule[], guard?: Precondition) =>
      call<RoutingRules>('PUT', `${path(appId)}/rules`, { body: { rules }, ...guard }),
    /** Tests routing rules on the facts of one message; nothing changes. */
    testRoutingRules: (test: RulesTest) => post<RulesTestResult>('/v1/admin/rules/test', test),
    /** The bot of an app. */
    bot: (appId: number, etag?: EtagReader) => call<Bot>('GET', `${path(appId)}/bot`, etag),
    /** Replaces the bot of an app; the answer has the secret of a new HTTP bot. */
    putBot: (appId: number, body: PutBot, guard?: Precondition) =>
      call<Bot>('PUT', `${path(appId)}/bot`, { body, ...guard }),
    /** Tests one turn of a flow; nothing changes. */
    testBot: (test: BotTest) => post<BotTestResult>('/v1/admin/bot/test', test),
  };
}

function agentCalls(call: Caller) {
  const { post, get } = verbsOf(call);
  return {
    /** Agents by name, email address, skill or role. For administrators. */
    agents: (query?: AgentQuery) => get<Page<Agent>>('/v1/admin/agents', query),
    /** Adds an agent. */
    addAgent: (agent: CreateAgent) => post<Agent>('/v1/admin/agents', agent),
    /** Changes an agent; absent fields stay as they are. */
    changeAgent: (id: number, body: ChangeAgent) => call<Agent>('PATCH', `/v1/admin/agents/${id}`, { body }),
    /** The audit log, newest first. For administrators. */
    auditRecords: (query?: AuditQuery) => get<AuditRecordPage>('/v1/admin/audit', query),
    /** The actions in the audit log. */
    auditActions: () => get<{ readonly items: readonly string[] }>('/v1/admin/audit/actions'),
  };
}

function gatewayCalls(call: Caller) {
  const { get } = verbsOf(call);
  return {
    /** The connections of each node, app by app. For supervisors and above. */
    gatewayNodes: () => get<{ readonly nodes: readonly GatewayNode[] }>('/v1/admin/gateway'),
    /** The topics with subscribers on the answering node, by name. For supervisors and above. */
    gatewayTopics: (query?: GatewayTopicQuery) =>
      get<{ readonly items: readonly GatewayTopic[]; readonly next: string | null }>(
        '/v1/admin/gateway/topics',
        query,
      ),
  };
}
