import type { NoticePayloads } from '@mevrik/protocol';

/**
 * What makes a query reload: `activity` is anything that happens in an app, `statistics` and `health` are the notices
 * of new statistics and of a changed health status, and the others are lists that the server reports as changed.
 */
export type LiveSource = 'activity' | 'statistics' | 'health' | NoticePayloads['list_changed']['list'];

type SourcesByNotice = {
  readonly [Name in keyof NoticePayloads]: (payload: NoticePayloads[Name]) => readonly LiveSource[];
};

const activity = (): readonly LiveSource[] => ['activity'];
/** For notices of the desk: the events that cause them are in the log, so that `log_moved` covers them. */
const nothing = (): readonly LiveSource[] => [];

/**
 * What each notice makes the panel reload. Every event of the log causes `log_moved`, so a new event needs no line
 * here, and the compiler requires a line for a new notice.
 */
export const noticeSources: SourcesByNotice = {
  log_moved: activity,
  channel_health: activity,
  channel_alert: activity,
  list_changed: ({ list }) => [list],
  statistics_stored: () => ['statistics', 'health'],
  health_changed: () => ['health'],
  typing: nothing,
  message_read: nothing,
  message_failed: nothing,
  message_status: nothing,
  message_changed: nothing,
  post_fetched: nothing,
  note_added: nothing,
  session_created: nothing,
  session_path_changed: nothing,
  queue_moved: nothing,
  agent_changed: nothing,
  availability_changed: nothing,
  team_availability_changed: nothing,
  customer_changed: nothing,
  case_created: nothing,
};
