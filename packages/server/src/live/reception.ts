import {
  type Agent,
  type AssignedAgent,
  type QueuePosition,
  type TeamAvailability,
  topics,
} from '@mevrik/protocol';
import type { BroadcastMessage } from '../broadcast/bus/broadcast-message.ts';

/** A conversation that waits for a person. */
export interface InLine {
  readonly sessionId: number;
  readonly queuePosition: QueuePosition;
}

/** What the reception looks at, and whom it tells. */
export interface ReceptionOptions {
  readonly publish: (messages: readonly BroadcastMessage[]) => Promise<void>;
  /** Who waits in a queue and can be told, the first one first. */
  readonly waitingIn: (appId: number, queue: string) => Promise<readonly InLine[]>;
  readonly queuesOf: (appId: number) => Promise<readonly string[]>;
  readonly appsOf: (agent: Agent) => Promise<readonly number[]>;
  readonly opening: (appId: number) => Promise<TeamAvailability | undefined>;
  readonly servedBy: (agentId: number) => Promise<readonly { readonly id: number; readonly appId: number }[]>;
  readonly onFault: (error: unknown) => void;
  readonly pace?: Partial<ReceptionPace>;
}

/** How often who waits is told. */
export interface ReceptionPace {
  /** After a change, for those in front and those who have just come. */
  readonly frontMs: number;
  /** For all others: they are many, and to be one nearer means little to them. */
  readonly allMs: number;
  /** While nothing moves, which changes the estimate. */
  readonly stillMs: number;
}

/**
 * Tells customers, and agents of themselves, what happens before and behind the desk: nothing of it is stored, all of
 * it may be missed.
 */
export interface Reception {
  /** Somebody came into a queue or left it. */
  queueChanged(appId: number, queue: string): void;
  /** Somebody at the desk is online, or no longer, or is called something else. */
  agentChanged(agent: Agent): void;
  /** People may be there at other times. */
  openingChanged(appId: number): void;
  stop(): void;
}

interface Line {
  readonly appId: number;
  readonly queue: string;
  /** What each was told last. */
  told: Map<number, string>;
  front?: ReturnType<typeof setTimeout> | undefined;
  all?: ReturnType<typeof setTimeout> | undefined;
  allDueMs: number;
}

const usualPace: ReceptionPace = { frontMs: 700, allMs: 10_000, stillMs: 60_000 };
const frontLength = 20;

/**
 * Makes the reception of this process. However much happens, a queue is looked at once in a while, and only those are
 * told whose place or estimate is another one: when one of five hundred is served, that is twenty messages, and the
 * others at their leisure.
 */
export function createReception(options: ReceptionOptions): Reception {
  const pace = { ...usualPace, ...options.pace };
  const lines = new Map<string, Line>();
  const openings = new Map<number, ReturnType<typeof setTimeout>>();
  let isStopped = false;

  const after = (ms: number, work: () => Promise<void>) => {
    const timer = setTimeout(() => void work().catch(options.onFault), ms);
    timer.unref();
    return timer;
  };

  function scheduleAll(line: Line, ms: number): void {
    const dueMs = Date.now() + ms;
    if (line.all && line.allDueMs <= dueMs) return;
    clearTimeout(line.all);
    line.allDueMs = dueMs;
    line.all = after(ms, () => {
      line.all = undefined;
      return tellLine(line, Number.POSITIVE_INFINITY);
    });
  }

  async function tellLine(line: Line, length: number): Promise<void> {
    const { appId, queue } = line;
    const waiting = await options.waitingIn(appId, queue);
    if (isStopped) return;
    const before = line.told;
    line.told = new Map();
    const news = waiting.filter(({ sessionId, queuePosition }, at) => {
      const said = `${queuePosition.position} ${queuePosition.estimateMinutes}`;
      const old = before.get(sessionId);
      const isTold = old !== said && (at < length || old === undefined);
      line.told.set(sessionId, isTold || old === undefined ? said : old);
      return isTold;
    });
    if (waiting.length > 0) scheduleAll(line, pace.stillMs);
    else if (!line.front && !line.all) lines.delete(keyOf(appId, queue));
    await options.publish(
      news.map((one) => ({
        appId,
        topic: topics.session(one.sessionId),
        event: 'queue_moved',
        payload: { ...one },
      })),
    );
  }

  function queueChanged(appId: number, queue: string): void {
    if (isStopped) return;
    const key = keyOf(appId, queue);
    const line: Line = lines.get(key) ?? { appId, queue, told: new Map(), allDueMs: 0 };
    lines.set(key, line);
    line.front ??= after(pace.frontMs, () => {
      line.front = undefined;
      return tellLine(line, frontLength);
    });
    scheduleAll(line, pace.allMs);
  }

  function openingChanged(appId: number): void {
    if (isStopped || openings.has(appId)) return;
    openings.set(
      appId,
      after(pace.frontMs, async () => {
        openings.delete(appId);
        const payload = await options.opening(appId);
        if (!payload || isStopped) return;
        await options.publish([
          { appId, topic: topics.opening, event: 'team_availability_changed', payload: { ...payload } },
        ]);
        // An estimate needs somebody who serves.
        for (const queue of await options.queuesOf(appId)) queueChanged(appId, queue);
      }),
    );
  }

  async function tellAgent(agent: Agent): Promise<void> {
    const { name, availability } = agent;
    const shown: AssignedAgent = { name, availability };
    const served = await options.servedBy(agent.id);
    const apps = await options.appsOf(agent);
    await options.publish([
      ...served.map(({ id, appId }) => ({
        appId,
        topic: topics.session(id),
        event: 'agent_changed',
        payload: { sessionId: id, agent: shown },
      })),
      ...apps.map((appId) => ({
        appId,
        topic: topics.agent(agent.id),
        event: 'availability_changed',
        payload: { agent },
      })),
    ]);
    for (const appId of apps) openingChanged(appId);
  }

  return {
    queueChanged,
    openingChanged,
    agentChanged: (agent) => void tellAgent(agent).catch(options.onFault),
    stop() {
      isStopped = true;
      for (const { front, all } of lines.values()) {
        clearTimeout(front);
        clearTimeout(all);
      }
      for (const timer of openings.values()) clearTimeout(timer);
    },
  };
}

const keyOf = (appId: number, queue: string) => `${appId} ${queue}`;
