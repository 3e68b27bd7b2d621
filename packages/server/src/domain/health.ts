import type { HealthMeasure, HealthPart, HealthStatus } from '@mevrik/protocol';

/** The values from which a measure counts as degraded and as down. */
export type Threshold = readonly [degradedFrom: number, downFrom: number];
/** Thresholds set by an operator, by measure name. */
export type Thresholds = Readonly<Record<string, Threshold>>;
/** Measured values by measure name; `null` if measuring failed. */
export type Measured = Readonly<Record<string, number | null>>;

/** The health of one part. */
export interface JudgedPart {
  readonly part: HealthPart;
  readonly title: string;
  readonly status: HealthStatus;
  readonly reason: string;
  readonly advice: string | null;
  readonly measures: readonly HealthMeasure[];
}

interface MeasureKind {
  readonly part: HealthPart;
  readonly label: string;
  readonly unit: HealthMeasure['unit'];
  readonly threshold: Threshold;
  /** What a value above the threshold means. */
  readonly describe: (value: number) => string;
  readonly advice: string;
}

const never = Number.MAX_SAFE_INTEGER;

/** All measures, with their default thresholds. */
export const measureKinds = {
  'events.lag': {
    part: 'events',
    label: 'Backlog of the slowest listener',
    unit: '',
    threshold: [2_000, 50_000],
    describe: (value) => `The slowest listener is ${counted(value, 'event')} behind.`,
    advice: 'Find it under Listeners. Adding processes spreads the work: see the scaling guide.',
  },
  'events.age': {
    part: 'events',
    label: 'Oldest unhandled event',
    unit: 's',
    threshold: [15, 120],
    describe: (value) => `An event has been waiting for ${seconds(value)}.`,
    advice:
      'Find the listener that is stuck under Listeners, and check that at least one process is running.',
  },
  'events.paused': {
    part: 'events',
    label: 'Paused listeners',
    unit: '',
    threshold: [1, never],
    describe: (value) =>
      `${counted(value, 'listener')} ${value === 1 ? 'is' : 'are'} paused for at least one app, whose events wait.`,
    advice: 'See the reason under Listeners, resolve the dead letters, then resume the listener.',
  },
  'events.dead': {
    part: 'events',
    label: 'Dead letters',
    unit: '',
    threshold: [1, never],
    describe: (value) => `${counted(value, 'event')} failed every attempt.`,
    advice: 'Retry, edit or discard them under Dead letters.',
  },
  'events.unowned': {
    part: 'events',
    label: 'Partitions without an owner',
    unit: '%',
    threshold: [1, 100],
    describe: (value) => `${Math.round(value)}% of the log’s partitions have no owner.`,
    advice: 'If a process has just crashed, the others take over within seconds. Otherwise start a process.',
  },
  'channels.broadcast-age': {
    part: 'channels',
    label: 'Oldest event waiting for broadcast',
    unit: 's',
    threshold: [5, 60],
    describe: (value) => `Broadcasts reach connected clients ${seconds(value)} late.`,
    advice: 'Check that the processes are not overloaded and that Redis, if configured, is reachable.',
  },
  'channels.broadcast-p95': {
    part: 'channels',
    label: 'Broadcast delay, 95th percentile',
    unit: 'ms',
    threshold: [1_000, 30_000],
    describe: (value) =>
      `In the last few minutes, 5% of events took longer than ${Math.round(value)} ms to broadcast.`,
    advice: 'The processes or the database are busy. See the charts and the scaling guide.',
  },
  'channels.redis-lost': {
    part: 'channels',
    label: 'Redis not connected',
    unit: '',
    threshold: [1, never],
    describe: () =>
      'Redis is not reachable: broadcasts and presence updates from other processes arrive late.',
    advice: 'Check Redis and REDIS_URL. The server reconnects automatically.',
  },
  'channels.down': {
    part: 'channels',
    label: 'Channels that are down',
    unit: '',
    threshold: [1, never],
    describe: (value) =>
      `${counted(value, 'channel')} ${value === 1 ? 'is' : 'are'} down. Replies are waiting.`,
    advice: 'See the reasons under Channels. Waiting replies are sent automatically once the channel is up.',
  },
  'jobs.age': {
    part: 'jobs',
    label: 'Oldest due job',
    unit: 's',
    threshold: [30, 300],
    describe: (value) => `A job has been due for ${seconds(value)}. Deliveries, bots and timers are late.`,
    advice:
      'Check that a process is running. If processes are busy, raise JOB_CONCURRENCY, CALL_CONCURRENCY or DELIVERY_CONCURRENCY.',
  },
  'jobs.waiting': {
    part: 'jobs',
    label: 'Due jobs',
    unit: '',
    threshold: [1_000, 50_000],
    describe: (value) => `${counted(value, 'job')} ${value === 1 ? 'is' : 'are'} overdue.`,
    advice: 'Raise JOB_CONCURRENCY, CALL_CONCURRENCY or DELIVERY_CONCURRENCY, or start another process.',
  },
  'jobs.failed': {
    part: 'jobs',
    label: 'Failed jobs',
    unit: '',
    threshold: [1, never],
    describe: (value) => `${counted(value, 'job')} failed every attempt.`,
    advice:
      'See the log (“jobs:”) for the errors. Failed jobs stay in graphile_worker.jobs for RECORD_RETENTION_DAYS.',
  },
  'jobs.stopped': {
    part: 'jobs',
    label: 'Job queue stopped',
    unit: '',
    threshold: [never, 1],
    describe: () => 'The job queue of this process has stopped.',
    advice: 'See its log for the error, then restart the process.',
  },
  'database.answer': {
    part: 'database',
    label: 'Response time',
    unit: 'ms',
    threshold: [250, 2_000],
    describe: (value) => `The database takes ${Math.round(value)} ms to answer a trivial query.`,
    advice: 'Check the load on its machine, and whether its disk is full or slow.',
  },
  'database.connections': {
    part: 'database',
    label: 'Connections in use',
    unit: '%',
    threshold: [80, 97],
    describe: (value) => `${Math.round(value)}% of the database’s connections are in use.`,
    advice: 'Lower DATABASE_POOL, or raise max_connections in PostgreSQL.',
  },
  'database.transaction': {
    part: 'database',
    label: 'Longest transaction',
    unit: 's',
    threshold: [120, 3_600],
    describe: (value) => `A transaction has been open for ${seconds(value)}. It blocks vacuuming.`,
    advice: 'Find it in pg_stat_activity. A report is the usual cause; backups are not counted.',
  },
} as const satisfies Readonly<Record<string, MeasureKind>>;

const kinds: Readonly<Record<string, MeasureKind>> = measureKinds;

const parts: Readonly<Record<HealthPart, readonly [title: string, healthy: string]>> = {
  events: ['Event processing', 'Events are handled without delay.'],
  channels: ['Channels', 'Broadcasts are on time and all channels are up.'],
  jobs: ['Job queue', 'Deliveries, bots and timers run on time.'],
  database: ['Database', 'Queries are fast and connections are available.'],
};

/** The longest gap between two checks, in seconds, within which the time between them counts as observed. */
export const observationGapSeconds = (everySeconds: number) => 30 + 3 * everySeconds;

const order: readonly HealthStatus[] = ['ok', 'degraded', 'down'];

/** The worst of some statuses; `ok` without any. */
export function worstOf(states: readonly HealthStatus[]): HealthStatus {
  return order[Math.max(0, ...states.map((one) => order.indexOf(one)))] ?? 'ok';
}

/**
 * Judges the four parts by their measured values. A value that could not be measured counts as down.
 */
export function judgeHealth(measured: Measured, thresholds: Thresholds = {}): JudgedPart[] {
  return (Object.keys(parts) as HealthPart[]).map((part) => {
    const [title, healthy] = parts[part];
    const measures = Object.entries(kinds)
      .filter(([name, kind]) => kind.part === part && name in measured)
      .map(([name, kind]) => judge(name, kind, measured[name] ?? null, thresholds[name] ?? kind.threshold));
    const status = worstOf(measures.map((one) => one.status));
    // Of several equally bad measures, the first in the table gives the reason.
    const worst = status === 'ok' ? undefined : measures.find((one) => one.status === status);
    const kind = worst && kinds[worst.name];
    if (!worst || !kind) return { part, title, status, reason: healthy, advice: null, measures };
    const reason = worst.value === null ? `${title} could not be measured.` : kind.describe(worst.value);
    return { part, title, status, reason, advice: kind.advice, measures };
  });
}

function judge(
  name: string,
  { label, unit }: MeasureKind,
  value: number | null,
  [degradedFrom, downFrom]: Threshold,
): HealthMeasure {
  const status = value === null || value >= downFrom ? 'down' : value >= degradedFrom ? 'degraded' : 'ok';
  return { name, label, value, unit, degradedFrom, downFrom, status };
}

/**
 * Parses thresholds as an operator writes them: `events.lag=1000/20000 database.answer=100/1000`; `-` stands for a
 * status that is never reached.
 * @throws Error that names the invalid entry.
 */
export function parseThresholds(text: string): Thresholds {
  const entries = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry): [string, Threshold] => {
      const match = /^([a-z0-9.-]+)=(-|\d+(?:\.\d+)?)\/(-|\d+(?:\.\d+)?)$/.exec(entry);
      if (!match) throw new Error(`“${entry}” is not valid: write it like events.lag=1000/20000`);
      const [, name = '', degraded, down] = match;
      if (!(name in kinds)) throw new Error(`there is no measure named ${name}`);
      return [name, [numberOf(degraded), numberOf(down)]];
    });
  return Object.fromEntries(entries);
}

const numberOf = (text: string | undefined) => (text === undefined || text === '-' ? never : Number(text));

function counted(count: number, noun: string): string {
  return count === 1 ? `One ${noun}` : `${Math.round(count).toLocaleString('en')} ${noun}s`;
}

function seconds(value: number): string {
  if (value < 120) return `${Math.round(value)} seconds`;
  return value < 7_200 ? `${Math.round(value / 60)} minutes` : `${Math.round(value / 3_600)} hours`;
}
