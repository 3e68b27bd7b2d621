import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** What can go wrong, and for whom. */
export const failureKinds = {
  'kill node': { of: 'node', what: 'killed, and started again' },
  'restart node': { of: 'node', what: 'stopped as by a deployment, and started again' },
  'hang node': { of: 'node', what: 'suspended, and resumed' },
  'kill worker': { of: 'worker', what: 'one of its workers killed' },
  'cut database': { of: 'node', what: 'its connections to PostgreSQL closed, and new ones rejected' },
  'silence database': { of: 'node', what: 'its connections to PostgreSQL carry nothing, and then all of it' },
  'lose database': {
    of: 'node',
    what: 'its connections to PostgreSQL carry nothing any more; new ones work',
  },
  'break off database': {
    of: 'node',
    what: 'its connections to PostgreSQL closed at its end only; new ones work',
  },
  'slow database': { of: 'node', what: 'its connections to PostgreSQL carry everything late' },
  'jump clock': { of: 'node', what: 'its clock set forward or back by up to a minute, and then right again' },
  'fill disk': { of: 'node', what: 'no room on its disk, so that it refuses messages' },
  'restart PostgreSQL': { of: 'system', what: 'shut down, and started again' },
  'kill PostgreSQL': { of: 'system', what: 'killed, and started again' },
  'cut Redis': { of: 'redis link', what: 'its connections to Redis closed, and new ones rejected' },
  'silence Redis': { of: 'redis link', what: 'its connections to Redis carry nothing, and then all of it' },
  'lose Redis': { of: 'redis link', what: 'its connections to Redis carry nothing any more; new ones work' },
  'break off Redis': {
    of: 'redis link',
    what: 'its connections to Redis closed at its end only; new ones work',
  },
  'slow Redis': { of: 'redis link', what: 'its connections to Redis carry everything late' },
  'restart Redis': { of: 'redis', what: 'stopped, and started again empty' },
  'hang Redis': { of: 'redis', what: 'suspended, and resumed' },
  'cut provider': { of: 'provider', what: 'its connections closed, and new ones rejected' },
  'silence provider': { of: 'provider', what: 'its connections carry nothing, and then all of it' },
  'lose provider': { of: 'provider', what: 'its connections carry nothing any more; new ones work' },
  'slow provider': { of: 'provider', what: 'its connections carry everything late' },
} as const;

export type FailureKind = keyof typeof failureKinds;

/**
 * One failure: `node` matters where the kind is of a node. `at` is in milliseconds from the start of the run; PostgreSQL and
 * workers are started again by themselves, and lost connections replaced, whatever `lasts` says.
 */
export interface Failure {
  readonly kind: FailureKind;
  readonly node: number;
  readonly at: number;
  readonly lasts: number;
}

/** What a run does, decided by its seed alone. */
export interface Schedule {
  readonly seed: number;
  readonly nodes: number;
  /** Processes of each node. */
  readonly workers: number;
  /** Always, with several nodes: they need it to reach each other's clients. */
  readonly hasRedis: boolean;
  readonly visitors: number;
  /** Customers who write on Telegram, where an HTTP bot answers. */
  readonly contacts: number;
  /** Whether an agent serves the first visitor. */
  readonly hasAgent: boolean;
  readonly failures: readonly Failure[];
}

/** Where the limits of a schedule come from: the command line, or the test suite. */
export interface ScheduleLimits {
  /** 4 by default. */
  readonly maxFailures?: number;
  /** All by default. */
  readonly kinds?: readonly FailureKind[];
}

const firstFailureMs = 1_500;

/** The schedule of a seed: the same seed and limits give the same schedule. */
export function scheduleOf(seed: number, { maxFailures = 4, kinds }: ScheduleLimits = {}): Schedule {
  const generator = xoroshiro128plus(seed);
  const number = (from: number, to: number) => uniformInt(generator, from, to);
  const nodes = number(1, 3);
  const workers = number(1, 4) === 1 ? 2 : 1;
  const hasRedis = nodes > 1 || number(0, 1) === 1;
  const contacts = number(0, 2);
  const possible = (Object.keys(failureKinds) as FailureKind[]).filter((kind) => {
    if (kinds && !kinds.includes(kind)) return false;
    const { of } = failureKinds[kind];
    if (of === 'worker') return workers > 1;
    if (of === 'provider') return contacts > 0;
    return hasRedis || !of.startsWith('redis');
  });
  const count = possible.length === 0 ? 0 : number(1, maxFailures);
  const failures = Array.from({ length: count }, (): Failure => {
    const kind = possible[number(0, possible.length - 1)] as FailureKind;
    const at = number(firstFailureMs, firstFailureMs + 5_000);
    return { kind, node: number(0, nodes - 1), at, lasts: number(200, 4_000) };
  }).sort((a, b) => a.at - b.at);
  const visitors = number(2, 6);
  const hasAgent = number(0, 1) === 1;
  return { seed, nodes, workers, hasRedis, visitors, contacts, hasAgent, failures };
}

/** A schedule in words. */
export function describeSchedule({
  nodes,
  workers,
  hasRedis,
  visitors,
  contacts,
  hasAgent,
  failures,
}: Schedule): string {
  const machine = `${nodes} node${nodes === 1 ? '' : 's'}${workers > 1 ? ` of ${workers} workers` : ''}`;
  const happens = failures.map(({ kind, node, at, lasts }) => {
    const whom = ['system', 'redis', 'provider'].includes(failureKinds[kind].of) ? '' : ` ${node + 1}`;
    return `${(at / 1000).toFixed(1)} s ${kind}${whom} for ${(lasts / 1000).toFixed(1)} s`;
  });
  return `${machine}${hasRedis ? ', Redis' : ''}, ${visitors} visitors${contacts > 0 ? `, ${contacts} on Telegram` : ''}${hasAgent ? ', an agent' : ''}; ${happens.join('; ') || 'no failure'}`;
}
