import type { HealthMeasure, HealthPart, HealthStatus } from '@mevrik/protocol';

/** From which values on a measure is degraded and down. */
export type Threshold = readonly [degradedFrom: number, downFrom: number];
/** Those that an operator has set, by the measures' names. */
export type Thresholds = Readonly<Record<string, Threshold>>;
/** What was measured, by the measures' names; `null` where that failed. */
export type Measured = Readonly<Record<string, number | null>>;

/** How one part is, by what was measured. */
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
  /** What it means that it is too high. */
  readonly says: (value: number) => string;
  readonly advice: string;
}

const never = Number.MAX_SAFE_INTEGER;

/** Everything that is measured, with the thresholds that we ship. */
export const measureKinds = {
  'events.lag': {
    part: 'events',
    label: 'Events before the slowest listener',
    unit: '',
    threshold: [2_000, 50_000],
    says: (value) => `The slowest listener has ${many(value, 'event')} before it.`,
    advice: 'Look under Listeners which one it is. More processes share the work: see the guide on scaling.',
  },
  'events.age': {
    part: 'events',
    label: 'Oldest event not handled',
    unit: 's',
    threshold: [15, 120],
    says: (value) => `An event has waited for ${seconds(value)} to be handled.`,
    advice: 'Look under Listeners which one does not move on; see that at least one process runs.',
  },
  'events.paused': {
    part: 'events',
    label: 'Paused listeners',
    unit: '',
    threshold: [1, never],
    says: (value) =>
      `${many(value, 'listener')} ${value === 1 ? 'is paused: what it does' : 'are paused: what they do'} does not happen.`,
    advice: 'Look under Listeners why, deal with its dead letters, and resume it.',
  },
  'events.dead': {
    part: 'events',
    label: 'Dead letters',
    unit: '',
    threshold: [1, never],
    says: (value) =>
      `${many(value, 'event')} could not be handled and ${value === 1 ? 'needs' : 'need'} a person.`,
    advice: 'Look under Dead letters: retry, edit or discard them.',
  },
  'events.unowned': {
    part: 'events',
    label: 'Partitions that nobody works on',
    unit: '%',
    threshold: [1, 100],
    says: (value) => `Nobody works on ${Math.round(value)} % of the log.`,
    advice: 'A process may just have died: the others take over within seconds. Otherwise start one.',
  },
  'channels.broadcast-age': {
    part: 'channels',
    label: 'Oldest event not broadcast',
    unit: 's',
    threshold: [5, 60],
    says: (value) => `What happens reaches connected clients ${seconds(value)} late.`,
    advice: 'See that the processes are not overloaded, and that Redis answers where there is one.',
  },
  'channels.broadcast-p95': {
    part: 'channels',
    label: 'Until it is broadcast, 95 % within',
    unit: 'ms',
    threshold: [1_000, 30_000],
    says: (value) =>
      `In the last minutes one in twenty events took more than ${Math.round(value)} ms to be broadcast.`,
    advice: 'The processes or the database are busy: look at the charts, and at the guide on scaling.',
  },
  'channels.down': {
    part: 'channels',
    label: 'Channels of providers that are down',
    unit: '',
    threshold: [1, never],
    says: (value) =>
      `${many(value, 'channel')} of providers ${value === 1 ? 'takes' : 'take'} nothing: answers wait.`,
    advice: 'Look under Channels for the reason; what waits is sent by itself afterwards.',
  },
  'jobs.age': {
    part: 'jobs',
    label: 'Oldest job that is due',
    unit: 's',
    threshold: [30, 300],
    says: (value) => `A job has been due for ${seconds(value)}: deliveries, bots and timers are late.`,
    advice: 'See that a process runs; raise JOB_CONCURRENCY or DELIVERY_CONCURRENCY if they are busy.',
  },
  'jobs.waiting': {
    part: 'jobs',
    label: 'Jobs that are due',
    unit: '',
    threshold: [1_000, 50_000],
    says: (value) => `${many(value, 'job')} are due and wait.`,
    advice: 'Raise JOB_CONCURRENCY or DELIVERY_CONCURRENCY, or start another process.',
  },
  'jobs.failed': {
    part: 'jobs',
    label: 'Jobs that were given up',
    unit: '',
    threshold: [1, never],
    says: (value) =>
      `${many(value, 'job')} failed at every attempt and ${value === 1 ? 'was' : 'were'} given up.`,
    advice: 'The log says why (“jobs:”). They stay in graphile_worker.jobs until somebody removes them.',
  },
  'jobs.stopped': {
    part: 'jobs',
    label: 'Job queue stopped',
    unit: '',
    threshold: [never, 1],
    says: () => 'The job queue of this process has stopped.',
    advice: 'Restart the process; its log says why.',
  },
  'database.answer': {
    part: 'database',
    label: 'Time to answer',
    unit: 'ms',
    threshold: [250, 2_000],
    says: (value) => `The database takes ${Math.round(value)} ms to answer the simplest question.`,
    advice: 'See what else runs on its machine, and whether its disk is full or slow.',
  },
  'database.connections': {
    part: 'database',
    label: 'Connections in use',
    unit: '%',
    threshold: [80, 97],
    says: (value) => `${Math.round(value)} % of the database’s connections are in use.`,
    advice: 'Lower DATABASE_POOL, or raise max_connections of PostgreSQL.',
  },
  'database.transaction': {
    part: 'database',
    label: 'Longest transaction',
    unit: 's',
    threshold: [120, 3_600],
    says: (value) => `A transaction has been open for ${seconds(value)}: it keeps tables from being tidied.`,
    advice: 'Find it in pg_stat_activity; a backup or a report is the usual one.',
  },
} as const satisfies Readonly<Record<string, MeasureKind>>;

const kinds: Readonly<Record<string, MeasureKind>> = measureKinds;

const parts: Readonly<Record<HealthPart, readonly [title: string, well: string]>> = {
  events: ['Event processing', 'Every event is handled as it happens.'],
  channels: ['Channels', 'Connected clients hear at once, and every provider takes what is sent.'],
  jobs: ['Job queue', 'Deliveries, bots and timers run when they are due.'],
  database: ['Database', 'It answers quickly and has room.'],
};

const order: readonly HealthStatus[] = ['ok', 'degraded', 'down'];

/** The worst of some states; `ok` where there is none. */
export function worstOf(states: readonly HealthStatus[]): HealthStatus {
  return order[Math.max(0, ...states.map((one) => order.indexOf(one)))] ?? 'ok';
}

/**
 * Judges the four parts by what was measured. What could not be measured is as good as down: whoever cannot be asked
 * does not work.
 */
export function judgeHealth(measured: Measured, thresholds: Thresholds = {}): JudgedPart[] {
  return (Object.keys(parts) as HealthPart[]).map((part) => {
    const [title, well] = parts[part];
    const measures = Object.entries(kinds)
      .filter(([name, kind]) => kind.part === part && name in measured)
      .map(([name, kind]) => judge(name, kind, measured[name] ?? null, thresholds[name] ?? kind.threshold));
    const status = worstOf(measures.map((one) => one.status));
    // Among what is equally bad the first one in the table is the one to begin with.
    const worst = status === 'ok' ? undefined : measures.find((one) => one.status === status);
    const kind = worst && kinds[worst.name];
    if (!worst || !kind) return { part, title, status, reason: well, advice: null, measures };
    const reason = worst.value === null ? `${title} cannot be looked at.` : kind.says(worst.value);
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
 * Reads thresholds as an operator writes them: `events.lag=1000/20000 database.answer=100/1000`; a `-` for a state
 * that is never reached.
 * @throws Error that says what is wrong.
 */
export function parseThresholds(text: string): Thresholds {
  const entries = text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry): [string, Threshold] => {
      const match = /^([a-z0-9.-]+)=(-|\d+(?:\.\d+)?)\/(-|\d+(?:\.\d+)?)$/.exec(entry);
      if (!match) throw new Error(`“${entry}” is not like events.lag=1000/20000`);
      const [, name = '', degraded, down] = match;
      if (!(name in kinds)) throw new Error(`nothing measured is called ${name}`);
      return [name, [numberOf(degraded), numberOf(down)]];
    });
  return Object.fromEntries(entries);
}

const numberOf = (text: string | undefined) => (text === undefined || text === '-' ? never : Number(text));

function many(count: number, noun: string): string {
  return count === 1 ? `One ${noun}` : `${Math.round(count).toLocaleString('en')} ${noun}s`;
}

function seconds(value: number): string {
  if (value < 120) return `${Math.round(value)} seconds`;
  return value < 7_200 ? `${Math.round(value / 60)} minutes` : `${Math.round(value / 3_600)} hours`;
}
