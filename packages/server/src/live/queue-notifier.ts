import {
  type Agent,
  type AssignedAgent,
  type QueuePosition,
  type TeamAvailability,
  topics,
} from '@mevrik/protocol';
import { Unfinished } from '../domain/unfinished.ts';
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
 * Notifies waiting customers of their queue position, and customers and agents of availability. It reads a queue at
 * intervals, however often it changes, and notifies only sessions whose position or estimate has changed: when one of
 * 500 customers is served, it sends 20 notices soon and the others later.
 */
export class QueueNotifier {
  readonly #deps: QueueNotifierDeps;
  readonly #intervals: NotifyIntervals;
  readonly #queues = new Map<string, Queue>();
  readonly #availabilityTimers = new Map<number, Timer>();
  readonly #unfinished = new Unfinished();
  #isStopped = false;

  constructor(deps: QueueNotifierDeps) {
    this.#deps = deps;
    this.#intervals = { ...defaultIntervals, ...deps.intervals };
  }

  /** Call after a session has joined or left a queue. */
  queueChanged(appId: number, name: string): void {
    if (this.#isStopped) return;
    const key = keyOf(appId, name);
    const queue: Queue = this.#queues.get(key) ?? { appId, name, published: new Map(), allDueMs: 0 };
    this.#queues.set(key, queue);
    queue.front ??= this.#after(this.#intervals.frontMs, () => {
      queue.front = undefined;
      return this.#publishPositions(queue, frontLength);
    });
    this.#scheduleAll(queue, this.#intervals.allMs);
  }

  /** Call after an agent's availability or name has changed. */
  agentChanged(agent: Agent): void {
    void this.#unfinished.add(this.#publishAgent(agent)).catch(this.#deps.onError);
  }

  /** Call after the business hours or the availability of the team may have changed. */
  availabilityChanged(appId: number): void {
    if (this.#isStopped || this.#availabilityTimers.has(appId)) return;
    const timer = this.#after(this.#intervals.frontMs, () => {
      this.#availabilityTimers.delete(appId);
      return this.#publishAvailability(appId);
    });
    this.#availabilityTimers.set(appId, timer);
  }

  /** Cancels everything that is scheduled, and resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { front, all } of this.#queues.values()) {
      clearTimeout(front);
      clearTimeout(all);
    }
    for (const timer of this.#availabilityTimers.values()) clearTimeout(timer);
    await this.#unfinished.ended();
  }

  #after(ms: number, work: () => Promise<void>): Timer {
    const timer = setTimeout(() => void this.#unfinished.add(work()).catch(this.#deps.onError), ms);
    timer.unref();
    return timer;
  }

  /** Schedules the notices to a whole queue, unless they are due sooner already. */
  #scheduleAll(queue: Queue, ms: number): void {
    const dueMs = performance.now() + ms;
    if (queue.all && queue.allDueMs <= dueMs) return;
    clearTimeout(queue.all);
    queue.allDueMs = dueMs;
    queue.all = this.#after(ms, () => {
      queue.all = undefined;
      return this.#publishPositions(queue, Number.POSITIVE_INFINITY);
    });
  }

  /** Notifies the sessions at the front, up to `length`, and those that have just joined. */
  async #publishPositions(queue: Queue, length: number): Promise<void> {
    const { appId, name } = queue;
    const waiting = await this.#read(queue);
    if (this.#isStopped) return;
    const changed = takeChanged(queue, waiting, length);
    if (waiting.length > 0) this.#scheduleAll(queue, this.#intervals.idleMs);
    else if (!queue.front && !queue.all) this.#queues.delete(keyOf(appId, name));
    this.#deps.notify(
      changed.map(({ sessionId, queuePosition }) =>
        notice('queue_moved', appId, topics.session(sessionId), { sessionId, queuePosition }),
      ),
    );
  }

  /** Reads who waits in a queue; if that fails, it is read again later, as no other change may follow. */
  async #read(queue: Queue): Promise<readonly QueuedSession[]> {
    try {
      return await this.#deps.waitingIn(queue.appId, queue.name);
    } catch (error) {
      if (!this.#isStopped) this.#scheduleAll(queue, this.#intervals.allMs);
      throw error;
    }
  }

  async #publishAvailability(appId: number): Promise<void> {
    const availability = await this.#deps.availabilityOf(appId);
    if (!availability || this.#isStopped) return;
    this.#deps.notify([notice('team_availability_changed', appId, topics.opening, availability)]);
    // The estimated wait depends on whether an agent is available.
    for (const queue of await this.#deps.queuesOf(appId)) this.queueChanged(appId, queue);
  }

  async #publishAgent(agent: Agent): Promise<void> {
    const { name, availability } = agent;
    const shown: AssignedAgent = { name, availability };
    const served = await this.#deps.servedBy(agent.id);
    const apps = await this.#deps.appsOf(agent);
    this.#deps.notify([
      ...served.map(({ id, appId }) =>
        notice('agent_changed', appId, topics.session(id), { sessionId: id, agent: shown }),
      ),
      ...apps.map((appId) => notice('availability_changed', appId, topics.agent(agent.id), { agent })),
    ]);
    for (const appId of apps) this.availabilityChanged(appId);
  }
}

/**
 * The sessions to notify: of the first `length` those whose position or estimate has changed, and all that have just
 * joined. Records what they are notified of.
 */
function takeChanged(
  queue: Queue,
  waiting: readonly QueuedSession[],
  length: number,
): readonly QueuedSession[] {
  const before = queue.published;
  queue.published = new Map();
  return waiting.filter(({ sessionId, queuePosition }, index) => {
    const current = `${queuePosition.position} ${queuePosition.estimateMinutes}`;
    const previous = before.get(sessionId);
    const isDue = previous !== current && (index < length || previous === undefined);
    queue.published.set(sessionId, isDue || previous === undefined ? current : previous);
    return isDue;
  });
}

const keyOf = (appId: number, queue: string) => `${appId} ${queue}`;
