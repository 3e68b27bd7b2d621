import {
  type Agent,
  type AssignedAgent,
  type QueuePosition,
  type TeamAvailability,
  topics,
} from '@mevrik/protocol';
import { type Notify, notice } from './notice.ts';

/** A session that waits in a queue. */
export interface QueuedSession {
  readonly sessionId: number;
  readonly queuePosition: QueuePosition;
}

/** The dependencies of the queue notifier. */
export interface QueueNotifierDeps {
  readonly notify: Notify;
  /** The sessions in a queue whose customers can be notified, in queue order. */
  readonly waitingIn: (appId: number, queue: string) => Promise<readonly QueuedSession[]>;
  readonly queuesOf: (appId: number) => Promise<readonly string[]>;
  readonly appsOf: (agent: Agent) => Promise<readonly number[]>;
  readonly availabilityOf: (appId: number) => Promise<TeamAvailability | undefined>;
  readonly servedBy: (agentId: number) => Promise<readonly { readonly id: number; readonly appId: number }[]>;
  readonly onError: (error: unknown) => void;
  readonly intervals?: Partial<NotifyIntervals>;
}

/** How often waiting customers are notified, in milliseconds. */
export interface NotifyIntervals {
  /** After a change, for those at the front of the queue and those who have just joined. */
  readonly frontMs: number;
  /** After a change, for all others: they are many, and one position matters less to them. */
  readonly allMs: number;
  /** Without a change, because the estimated wait changes. */
  readonly idleMs: number;
}

/** Notifies waiting customers of their queue position, and customers and agents of availability. */
export interface QueueNotifier {
  /** Call after a session has joined or left a queue. */
  queueChanged(appId: number, queue: string): void;
  /** Call after an agent's availability or name has changed. */
  agentChanged(agent: Agent): void;
  /** Call after the business hours or the availability of the team may have changed. */
  availabilityChanged(appId: number): void;
  stop(): void;
}

type Timer = ReturnType<typeof setTimeout>;

interface Queue {
  readonly appId: number;
  readonly name: string;
  /** The last position published to each session. */
  published: Map<number, string>;
  front?: Timer | undefined;
  all?: Timer | undefined;
  allDueMs: number;
}

const defaultIntervals: NotifyIntervals = { frontMs: 700, allMs: 10_000, idleMs: 60_000 };
const frontLength = 20;

/**
 * Creates the queue notifier of this process. It reads a queue at intervals, however often it changes, and notifies
 * only sessions whose position or estimate has changed: when one of 500 customers is served, it sends 20 notices soon
 * and the others later.
 */
export function createQueueNotifier(deps: QueueNotifierDeps): QueueNotifier {
  const intervals = { ...defaultIntervals, ...deps.intervals };
  const queues = new Map<string, Queue>();
  const availabilityTimers = new Map<number, Timer>();
  let isStopped = false;

  const after = (ms: number, work: () => Promise<void>) => {
    const timer = setTimeout(() => void work().catch(deps.onError), ms);
    timer.unref();
    return timer;
  };

  function scheduleAll(queue: Queue, ms: number): void {
    const dueMs = Date.now() + ms;
    if (queue.all && queue.allDueMs <= dueMs) return;
    clearTimeout(queue.all);
    queue.allDueMs = dueMs;
    queue.all = after(ms, () => {
      queue.all = undefined;
      return publishPositions(queue, Number.POSITIVE_INFINITY);
    });
  }

  async function publishPositions(queue: Queue, length: number): Promise<void> {
    const { appId, name } = queue;
    const waiting = await deps.waitingIn(appId, name);
    if (isStopped) return;
    const before = queue.published;
    queue.published = new Map();
    const changed = waiting.filter(({ sessionId, queuePosition }, index) => {
      const current = `${queuePosition.position} ${queuePosition.estimateMinutes}`;
      const previous = before.get(sessionId);
      const isDue = previous !== current && (index < length || previous === undefined);
      queue.published.set(sessionId, isDue || previous === undefined ? current : previous);
      return isDue;
    });
    if (waiting.length > 0) scheduleAll(queue, intervals.idleMs);
    else if (!queue.front && !queue.all) queues.delete(keyOf(appId, name));
    deps.notify(
      changed.map(({ sessionId, queuePosition }) =>
        notice('queue_moved', appId, topics.session(sessionId), { sessionId, queuePosition }),
      ),
    );
  }

  function queueChanged(appId: number, name: string): void {
    if (isStopped) return;
    const key = keyOf(appId, name);
    const queue: Queue = queues.get(key) ?? { appId, name, published: new Map(), allDueMs: 0 };
    queues.set(key, queue);
    queue.front ??= after(intervals.frontMs, () => {
      queue.front = undefined;
      return publishPositions(queue, frontLength);
    });
    scheduleAll(queue, intervals.allMs);
  }

  function availabilityChanged(appId: number): void {
    if (isStopped || availabilityTimers.has(appId)) return;
    availabilityTimers.set(
      appId,
      after(intervals.frontMs, async () => {
        availabilityTimers.delete(appId);
        const availability = await deps.availabilityOf(appId);
        if (!availability || isStopped) return;
        deps.notify([notice('team_availability_changed', appId, topics.opening, availability)]);
        // The estimated wait depends on whether an agent is available.
        for (const queue of await deps.queuesOf(appId)) queueChanged(appId, queue);
      }),
    );
  }

  async function publishAgent(agent: Agent): Promise<void> {
    const { name, availability } = agent;
    const shown: AssignedAgent = { name, availability };
    const served = await deps.servedBy(agent.id);
    const apps = await deps.appsOf(agent);
    deps.notify([
      ...served.map(({ id, appId }) =>
        notice('agent_changed', appId, topics.session(id), { sessionId: id, agent: shown }),
      ),
      ...apps.map((appId) => notice('availability_changed', appId, topics.agent(agent.id), { agent })),
    ]);
    for (const appId of apps) availabilityChanged(appId);
  }

  return {
    queueChanged,
    availabilityChanged,
    agentChanged: (agent) => void publishAgent(agent).catch(deps.onError),
    stop() {
      isStopped = true;
      for (const { front, all } of queues.values()) {
        clearTimeout(front);
        clearTimeout(all);
      }
      for (const timer of availabilityTimers.values()) clearTimeout(timer);
    },
  };
}

const keyOf = (appId: number, queue: string) => `${appId} ${queue}`;
