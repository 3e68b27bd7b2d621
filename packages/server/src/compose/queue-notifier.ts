import type { AppDirectory } from '../apps/app-directory.ts';
import { appIdsOf } from '../auth/principal.ts';
import type { Occupancy } from '../broadcast/bus/occupancy.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Database } from '../db/database.ts';
import type { DeskDeps } from '../jobs/job.ts';
import { agentsAtDesk } from '../live/agents-at-desk.ts';
import type { Notify } from '../live/notice.ts';
import { QueueNotifier } from '../live/queue-notifier.ts';
import type { Log } from '../observe/log.ts';
import { requireAgent } from '../queries/agents.ts';
import { enabledApps } from '../queries/desk.ts';
import {
  listAssignedSessions,
  listWaiting,
  listWaitingQueues,
  readAvailability,
} from '../queries/waiting.ts';
import type { Teardown } from './teardown.ts';

/** The dependencies of jobs that watch agents' desks, across all nodes. */
export function deskDeps(
  database: Database,
  occupancy: Occupancy,
  queueNotifier: QueueNotifier,
  absentMinutes: number,
): DeskDeps {
  return {
    agents: async () => agentsAtDesk(occupancy, await enabledApps(database, null)),
    absentMinutes,
    changed: async (agentId) => queueNotifier.agentChanged(await requireAgent(database, agentId)),
  };
}

/** The dependencies of `startQueueNotifier`. */
export interface QueueNotifierPartDeps {
  readonly database: Database;
  readonly apps: AppDirectory;
  readonly channels: ChannelRegistry;
  readonly notify: Notify;
  readonly log: Log;
  readonly teardown: Teardown;
}

/** Starts the notices about queue positions and availability. */
export function startQueueNotifier(deps: QueueNotifierPartDeps): QueueNotifier {
  const { database, apps, channels, notify, log, teardown } = deps;
  const availabilityOf = async (appId: number) => {
    const app = await apps.byId(appId);
    return app && readAvailability(database, appId, app.settings);
  };
  const queueNotifier = new QueueNotifier({
    notify,
    async waitingIn(appId, queue) {
      const availability = await availabilityOf(appId);
      const isServed = availability?.isOpen === true && availability.isStaffed;
      const waiting = await listWaiting(database, { appId, queue }, isServed);
      // Only visitors have a connection over which they see their position in the queue.
      const channelsOfApp = (await apps.byId(appId))?.channels;
      return waiting
        .filter(
          ({ channel }) => channels.adapterFor(channelsOfApp?.get(channel)?.kind ?? '')?.source === 'visitor',
        )
        .map(({ sessionId, queuePosition }) => ({ sessionId, queuePosition }));
    },
    queuesOf: (appId) => listWaitingQueues(database, appId),
    appsOf: async (agent) => appIdsOf(agent) ?? enabledApps(database, null),
    availabilityOf,
    servedBy: async (agentId) => listAssignedSessions(database, agentId),
    onError: (error) => log.warn({ err: error }, 'failed to notify waiting customers'),
  });
  teardown.add('the queue notifier', () => queueNotifier.stop());
  return queueNotifier;
}
