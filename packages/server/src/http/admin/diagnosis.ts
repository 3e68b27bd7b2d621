import {
  diagnosisSchema,
  type Event,
  messageSearchQuery,
  messageSearchSchema,
  providerEvents,
  type SubscriptionState,
} from '@mevrik/protocol';
import type { ChannelProfile } from '../../apps/app-directory.ts';
import type { ChannelRegistry } from '../../channels/registry.ts';
import type { LoggedStory } from '../../dispatch/inspect/event-story.ts';
import type { DispatchInspection } from '../../dispatch/inspect/inspection.ts';
import {
  type DiagnosedChannel,
  type DiagnosisFacts,
  diagnose,
  type ListenerResult,
} from '../../domain/diagnosis/index.ts';
import { findMessages } from '../../queries/find-messages.ts';
import {
  findEventOf,
  type MessageRecords,
  readBlocking,
  readBotTurn,
  readDeskRecords,
  readMessageRecords,
} from '../../queries/message-records.ts';
import { staffOf } from '../access.ts';
import { assertAppAccess, visibleApps } from '../app-visibility.ts';
import type { HttpDeps, RoutePlugin } from '../http-deps.ts';
import { idParams } from '../params.ts';

/** What the routes need. */
export interface DiagnosisRouteDeps extends Pick<HttpDeps, 'database' | 'apps' | 'channels'> {
  readonly inspection: DispatchInspection;
}

const config = { access: ['admin', 'supervisor'] as const };
const tags = ['messages'];

/** Routes that find and diagnose messages. */
export function diagnosisRoutes(deps: DiagnosisRouteDeps): RoutePlugin {
  return (api) => {
    api.get(
      '/v1/admin/messages',
      {
        config,
        schema: {
          tags,
          summary: 'Find messages by id, text, or sender: name, email address, phone number, contact',
          querystring: messageSearchQuery,
          response: { 200: messageSearchSchema },
        },
      },
      (request) => {
        const { appId, ...wanted } = request.query;
        return findMessages(deps.database, {
          ...wanted,
          appIds: visibleApps(staffOf(request), appId),
        });
      },
    );
    api.get(
      '/v1/admin/messages/:id/diagnosis',
      {
        config,
        schema: {
          tags,
          summary: 'Diagnose a message: why it was or was not answered, and its history, as codes and facts',
          params: idParams,
          response: { 200: diagnosisSchema },
        },
      },
      async (request) => {
        const { id } = request.params;
        // The log is read first: the results of its events are in the tables by then.
        const eventId = await findEventOf(deps.database, id);
        const story = eventId === null ? undefined : await deps.inspection.eventStory(eventId);
        const records = await readMessageRecords(deps.database, id);
        assertAppAccess(request, records.message.appId);
        return diagnose(await gatherFacts(deps, records, story));
      },
    );
  };
}

async function gatherFacts(
  { database, apps, channels, inspection }: DiagnosisRouteDeps,
  records: MessageRecords,
  story: LoggedStory | undefined,
): Promise<DiagnosisFacts> {
  const { message, replies, self } = records;
  const [app, subscriptions] = await Promise.all([apps.byId(message.appId), inspection.listSubscriptions()]);
  const consequences = story ? consequencesOf(story) : [];
  const isHandedOver = consequences.some(({ type }) => type === 'QueueItemCreatedEvent');
  const repliedIn = new Set(
    consequences.flatMap((event) => (event.type === 'MessageReplyReadyEvent' ? [event.data.message.id] : [])),
  );
  const isAnsweredByBot = replies.some(
    (one) => one.message.sender.type === 'bot' && repliedIn.has(one.message.id),
  );
  const listenerResults = story ? listenerResultsOf(story, subscriptions) : [];
  const stuck = listenerResults.find(({ outcome }) => outcome === 'parked');
  const [desk, turn, blockedBy] = await Promise.all([
    readDeskRecords(database, records, isHandedOver || !isAnsweredByBot),
    story ? readBotTurn(database, story.event.id) : null,
    stuck ? readBlocking(database, stuck.eventId, stuck.listener) : null,
  ]);
  const mark = (one: (typeof replies)[number]) => ({ ...one, isConsequence: repliedIn.has(one.message.id) });
  return {
    now: records.now,
    message,
    error: records.error,
    isAutomaticEmail: records.automatic !== undefined,
    session: records.session,
    app: {
      name: app?.name ?? message.appName,
      isEnabled: app?.enabled ?? false,
      assignment: app?.settings.assignment ?? 'manual',
      hours: app?.settings.businessHours ?? null,
      bot: app?.bot.kind ?? 'none',
    },
    channel: channelFacts(channels, records, app?.channels.get(message.channel)),
    webhookEvent: webhookEventOf(story),
    event: story ? { id: story.event.id, occurredAt: story.event.occurredAt } : null,
    listenerResults,
    blockedBy,
    turn,
    isHandedOver,
    queue: desk.queue,
    case: desk.case,
    firstReplyDueAt: desk.firstReplyDueAt,
    agents: records.agents,
    replies: replies.map(mark),
    self: self && mark(self),
    survey: desk.survey && {
      ...desk.survey,
      isThis: isSurveyAnswer(records, isHandedOver, isAnsweredByBot, repliedIn),
    },
    writtenAt: records.writtenAt,
  };
}

/** Whether the message answered a survey: the system alone replies to those. */
function isSurveyAnswer(
  { message, session }: MessageRecords,
  isHandedOver: boolean,
  isAnsweredByBot: boolean,
  repliedIn: ReadonlySet<number>,
): boolean {
  if (message.kind === 'csat_answer') return true;
  return !isHandedOver && !isAnsweredByBot && repliedIn.size > 0 && session.agentType === 'bot';
}

/** The events that this event caused, without others of the same request. */
function consequencesOf({ event, chain }: LoggedStory): Event[] {
  const causes = new Set([event.id]);
  return chain.filter(({ id, causationId }) => {
    if (causationId === null || !causes.has(causationId)) return false;
    causes.add(id);
    return true;
  });
}

function listenerResultsOf(
  { event, listeners }: LoggedStory,
  subscriptions: readonly SubscriptionState[],
): ListenerResult[] {
  return listeners.map(({ listener, outcome, finishedAt, durationMs, attempt, failures, discardedBy }) => {
    const state = subscriptions.find(({ name }) => name === listener);
    return {
      listener,
      outcome,
      durationMs,
      attempt,
      discardedBy,
      eventId: event.id,
      finishedAt: finishedAt ?? failures.at(-1)?.at ?? null,
      error: failures.at(-1)?.error ?? null,
      pausedBecause: state?.pausedApps.find(({ appId }) => appId === event.appId)?.reason ?? null,
      lag: state?.catchingUp.includes(event.appId) ? null : (state?.lag ?? 0),
    };
  });
}

function channelFacts(
  channels: ChannelRegistry,
  { message, health, session }: MessageRecords,
  profile: ChannelProfile | undefined,
): DiagnosedChannel {
  const sender = profile && channels.senderFor(profile.kind);
  const hours = sender?.delivers === 'by-sending' ? sender.capabilities.replyWindowHours : null;
  const forAgents =
    sender?.delivers === 'by-sending' ? (sender.agentWindowHours?.(profile?.settings ?? {}) ?? hours) : null;
  return {
    name: message.channel,
    kind: profile?.kind ?? message.channel,
    exists: profile !== undefined,
    isEnabled: profile?.enabled ?? false,
    ...health,
    // Comments can be answered at any time.
    window: hours === null || session.isSocial ? null : { hours, hoursForAgents: forAgents ?? hours },
  };
}

function isProviderEvent(event: Event): event is Event<(typeof providerEvents)[number]> {
  return (providerEvents as readonly string[]).includes(event.type);
}

function webhookEventOf(story: LoggedStory | undefined): DiagnosisFacts['webhookEvent'] {
  for (const event of story?.chain ?? []) {
    if (!isProviderEvent(event)) continue;
    const { id, provider, receivedAt } = event.data.webhookEventLog;
    return { id, provider, receivedAt };
  }
  return null;
}
