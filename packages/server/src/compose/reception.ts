import type { AppDirectory } from '../apps/app-directory.ts';
import type { Occupancy } from '../broadcast/bus/occupancy.ts';
import type { Gateway } from '../broadcast/gateway.ts';
import type { ChannelRegistry } from '../channels/registry.ts';
import type { Database } from '../db/database.ts';
import type { DeskDeps } from '../jobs/job.ts';
import { agentsAtDesk } from '../live/agents-at-desk.ts';
import { createReception, type Reception } from '../live/reception.ts';
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

/** What is known of agents' desks, on all nodes. */
export function deskDeps(
  database: Database,
  occupancy: Occupancy,
  reception: Reception,
  absentMinutes: number,
): DeskDeps {
  return {
    agents: async () => agentsAtDesk(occupancy, await enabledApps(database, null)),
    absentMinutes,
    changed: async (agentId) => reception.agentChanged(await requireAgent(database, agentId)),
  };
}

/** What tells customers how far they have come in line, and who is there. */
export function composeReception(
  database: Database,
  apps: AppDirectory,
  registry: ChannelRegistry,
  gateway: Gateway,
  log: Log,
  teardown: Teardown,
): Reception {
  const opening = async (appId: number) => {
    const app = await apps.byId(appId);
    return app && readAvailability(database, appId, app.settings);
  };
  const reception = createReception({
    publish: (messages) => gateway.publish(messages),
    async waitingIn(appId, queue) {
      const now = await opening(appId);
      const waiting = await listWaiting(database, { appId, queue }, now?.isOpen === true && now.isStaffed);
      // Only visitors have a connection over which they see their place in the queue.
      const channels = (await apps.byId(appId))?.channels;
      return waiting
        .filter(
          ({ channel }) => registry.adapterFor(channels?.get(channel)?.kind ?? '')?.source === 'visitor',
        )
        .map(({ sessionId, queuePosition }) => ({ sessionId, queuePosition }));
    },
    queuesOf: (appId) => listWaitingQueues(database, appId),
    appsOf: async ({ role, appIds }) => (role === 'admin' ? enabledApps(database, null) : appIds),
    opening,
    servedBy: async (agentId) => listAssignedSessions(database, agentId),
    onFault: (error) => log.warn({ reason: String(error) }, 'those who wait were not told'),
  });
  teardown.add('the reception', async () => reception.stop());
  return reception;
}
