import { setTimeout as delay } from 'node:timers/promises';
import { ChaosAgent } from './agent.ts';
import type { ChaosPostgres } from './postgres.ts';
import { repeat } from './repeat.ts';
import type { Schedule } from './schedule.ts';
import { ChaosContact } from './telegram.ts';
import { countUnfinished, findViolations, type People } from './verify.ts';
import { ChaosVisitor } from './visitor.ts';
import { app, agent as staff, startWorld, type World } from './world.ts';

/** The result of a run. */
export interface Outcome {
  readonly messages: number;
  /** From the end of the last failure until every conversation had been written to, answered and seen live. */
  readonly recoveryMs: number;
  /** Empty if every promise was kept. */
  readonly violations: readonly string[];
}

/** What has not got any further for this time counts as stuck: however slow the machine, nothing else is. */
const stuckMs = 60_000;
const pollMs = 25;
const writePauseMs = 300;
/** Unanswered questions after which a customer waits: otherwise a slow machine only gets further behind. */
const patience = 10;

/** Plays a schedule, waits until everything has recovered, and checks every promise. */
export async function play(schedule: Schedule, postgres: ChaosPostgres, logs: string): Promise<Outcome> {
  const world = await startWorld(schedule, postgres, logs);
  const visitors: ChaosVisitor[] = [];
  const agents: ChaosAgent[] = [];
  try {
    for (let index = 0; index < schedule.visitors; index += 1) {
      const name = `${schedule.seed}-${index}`;
      visitors.push(await ChaosVisitor.begin({ url: world.url, appKey: app.key, name }));
    }
    const [first] = visitors;
    if (schedule.hasAgent && first) {
      agents.push(await ChaosAgent.accept({ url: world.url, appKey: app.key, ...staff }, first));
    }
    const { telegram } = world;
    const contacts = telegram
      ? Array.from(
          { length: schedule.contacts },
          (_, index) => new ChaosContact(world.url, telegram, index + 1),
        )
      : [];
    const people: People = { visitors, agents, contacts };
    const finished = new AbortController();
    const working = agents.map((agent) => agent.work(finished.signal));
    const recoveryMs = await disturbAndRecover(schedule, world, people);
    const stuck = await settle(world, people);
    finished.abort();
    await Promise.all(working);
    const violations = [
      ...(recoveryMs === undefined
        ? [`Not every conversation went on: one stood still for ${stuckMs / 1000} s.`]
        : []),
      ...stuck,
      ...world.crashes(),
      ...(await findViolations(world.database.sql, people)),
    ];
    const messages = [...visitors, ...agents, ...contacts].reduce(
      (sum, { accepted }) => sum + accepted.length,
      0,
    );
    return { messages, recoveryMs: recoveryMs ?? stuckMs, violations };
  } finally {
    for (const person of [...agents, ...visitors]) person.leave();
    await world.stop();
  }
}

/** @returns how long recovery took in milliseconds; `undefined` if a conversation is stuck. */
async function disturbAndRecover(
  { failures }: Schedule,
  world: World,
  { visitors, contacts }: People,
): Promise<number | undefined> {
  const stopped = new AbortController();
  const writing = keepWriting([...visitors, ...contacts], stopped.signal);
  const startedAt = performance.now();
  await Promise.all(
    failures.map(async (failure) => {
      await delay(Math.max(0, failure.at - (performance.now() - startedAt)));
      await world.suffer(failure);
    }),
  );
  const endedAt = performance.now();
  const recovered = await Promise.all([
    ...visitors.map((visitor) => goesOn(visitor)),
    ...contacts.map((contact) => goesOn(contact)),
  ]);
  const tookMs = performance.now() - endedAt;
  stopped.abort();
  await writing;
  return recovered.every(Boolean) ? tookMs : undefined;
}

/** Has customers write until the signal is aborted. Resolves when none of them writes any more. */
export async function keepWriting(
  customers: readonly Customer<unknown>[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    customers.map(async (customer) => {
      while (!signal.aborted) {
        if (customer.unanswered() < patience) await customer.write(signal);
        await delay(writePauseMs * (0.5 + Math.random()));
      }
    }),
  );
}

/** Who asks questions and sees the replies to them: a visitor on their page, or a contact on Telegram. */
interface Customer<Question> {
  write(signal: AbortSignal): Promise<Question | undefined>;
  hasReply(question: Question): boolean;
  /** What was accepted of what they have written. */
  readonly accepted: readonly unknown[];
  /** How many questions they have asked since the last one that was answered. */
  unanswered(): number;
}

/** Waits until a new question of a customer was answered, and they have seen the reply. */
async function goesOn<Question>(customer: Customer<Question>): Promise<boolean> {
  const stuck = new AbortController();
  const progress = new Progress();
  let question: Question | undefined;
  const asked = customer.write(stuck.signal).then((accepted) => {
    question = accepted;
  });
  while (!progress.hasStopped(`${customer.accepted.length} ${customer.unanswered()}`)) {
    if (question && customer.hasReply(question)) return true;
    await delay(pollMs);
  }
  stuck.abort();
  await asked;
  return false;
}

/** Notices that something no longer changes. */
class Progress {
  #state = '';
  #changedAt = 0;

  /** Whether the state has been the same for the time after which it counts as stuck. */
  hasStopped(state: string): boolean {
    const now = performance.now();
    if (state !== this.#state) [this.#state, this.#changedAt] = [state, now];
    return now - this.#changedAt >= stuckMs;
  }
}

/** Waits until nothing is left to do and every client has caught up. @returns what is stuck. */
async function settle({ database: { sql } }: World, { visitors, agents }: People): Promise<string[]> {
  const progress = new Progress();
  let unfinished = 0;
  let unseen = 0;
  let unanswered = 0;
  do {
    await delay(pollMs * 4);
    unfinished = await repeat(() => countUnfinished(sql));
    const rows = await repeat(
      () => sql<{ sessionId: number; messages: number }[]>`
      SELECT session_id::int AS "sessionId", count(*)::int AS messages FROM messages GROUP BY session_id`,
    );
    const stored = new Map(rows.map(({ sessionId, messages }) => [sessionId, messages]));
    const screens = [...visitors, ...agents];
    unseen = screens.reduce(
      (sum, screen) => sum + Math.abs((stored.get(screen.sessionId) ?? 0) - screen.shown().length),
      0,
    );
    unanswered = agents.reduce((sum, agent) => sum + agent.unanswered().length, 0);
    if (unfinished === 0 && unseen === 0 && unanswered === 0) return [];
  } while (!progress.hasStopped(`${unfinished} ${unseen} ${unanswered}`));
  return [
    `${unfinished} events, jobs or deliveries, ${unseen} messages on screens and ${unanswered} questions to agents are stuck.`,
  ];
}
