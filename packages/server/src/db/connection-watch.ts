import type pg from 'pg';
import { connectionLostError } from './database-errors.ts';
import { clientConfig, type DatabaseTarget } from './database-target.ts';
import { errorCode } from './error-code.ts';
import { WatchedClient } from './watched-client.ts';

/** Times in milliseconds. */
export interface WatchTimes {
  /** The interval of the checks. */
  readonly checkMs: number;
  /** A connection that has been waiting for this long is checked. */
  readonly quietMs: number;
  /** After one was found dead, the idle ones are tried: one that does not answer in this time is checked. */
  readonly probeMs: number;
  /** A database that does not answer a new connection in this time is unreachable; longer where that usually takes long. */
  readonly answerMs: number;
}

/** Short enough for people who wait for an answer; the health probe has a limit of its own. */
const defaultTimes: WatchTimes = { checkMs: 500, quietMs: 2_000, probeMs: 500, answerMs: 3_000 };

/** Nothing listens at the database's address, or no route leads to it. */
const unreachableCodes = new Set(['ECONNREFUSED', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETUNREACH']);

/** The longest that a new connection is waited for: name servers and logins can be slow. */
const longestAnswerMs = 10_000;

interface WatchLog {
  info(detail: object, message: string): void;
  warn(detail: object, message: string): void;
}

/** What the server says of a connection: `active` while it works on a statement. */
interface Backend {
  readonly pid: number;
  readonly state: string | null;
  readonly quiet_ms: number;
}

/**
 * Finds connections that are dead without either end having noticed: the network drops what they send, and TCP takes a
 * quarter of an hour to give up. Where a connection waits for an answer, a new one asks the server what it is doing
 * for it. If the server has nothing to do for it, the connection is cut; if the server does not answer either, or
 * cannot be reached for long, all are, and new statements fail at once until it does.
 */
export class ConnectionWatch {
  readonly #target: DatabaseTarget;
  readonly #log: WatchLog;
  readonly #times: WatchTimes;
  readonly #clients = new Set<WatchedClient>();
  /** What waits for a free connection; rejected when the database becomes unreachable. */
  readonly #waiting = new Set<(error: Error) => void>();
  /** Idle connections that are being tried. */
  readonly #probed = new Set<WatchedClient>();
  /** The server processes of connections that were cut or broke, and when that was: they may hold locks. */
  readonly #abandoned = new Map<number, number>();
  /** Milliseconds that the slowest of the recent connections took to be made. */
  #connectMs = 0;
  /** How often in a row the database did not answer. */
  #silences = 0;
  /** Since when new connections have been refused. */
  #refusedAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<void> | undefined;
  #asking: WatchedClient | undefined;
  #isStopped = false;

  constructor(target: DatabaseTarget, log: WatchLog, times: Partial<WatchTimes> = {}) {
    this.#target = target;
    this.#log = log;
    this.#times = { ...defaultTimes, ...times };
    this.#checkLater();
  }

  /** Whether the database answers, as of the last check. */
  get isReachable(): boolean {
    return this.#silences === 0;
  }

  /** Watches a connection until it has ended. */
  add(client: WatchedClient): void {
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    // The server may not have noticed: of a connection that broke, only this end is known to be closed.
    client.on('error', () => this.#abandon(client));
    const madeAt = performance.now();
    client.once('connect', () => {
      this.#connectMs = Math.max(performance.now() - madeAt, this.#connectMs * 0.9);
    });
  }

  /**
   * Takes a connection from a pool.
   * @throws at once, or while it waits, when the database is unreachable.
   */
  take<Client extends { release(): void }>(connect: () => Promise<Client>): Promise<Client> {
    if (!this.isReachable) return Promise.reject(unreachable());
    return new Promise((resolve, reject) => {
      let isWaiting = true;
      const stopWaiting = (error: Error) => {
        isWaiting = false;
        this.#waiting.delete(stopWaiting);
        reject(error);
      };
      this.#waiting.add(stopWaiting);
      connect().then((client) => {
        this.#waiting.delete(stopWaiting);
        if (isWaiting) resolve(client);
        else client.release();
      }, stopWaiting);
    });
  }

  /** Ends the checks. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#asking?.cut();
    await this.#checking;
  }

  #checkLater(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      this.#checking = this.#check().finally(() => this.#checkLater());
    }, this.#times.checkMs);
    this.#timer.unref();
  }

  async #check(): Promise<void> {
    for (const client of this.#clients) client.observeTraffic();
    if (this.#overdue().length === 0 && this.isReachable && this.#abandoned.size === 0) return;
    const asked = await this.#ask();
    if (this.#isStopped) return;
    this.#refusedAt = asked === 'refused' ? (this.#refusedAt ?? performance.now()) : undefined;
    if (asked === 'silent' || this.#isRefusedForLong()) this.#becomeUnreachable();
    else if (asked === 'answers') {
      if (!this.isReachable) this.#log.info({}, 'database connection restored');
      this.#silences = 0;
    }
  }

  /** Whether a connection waits, none has been answered since new ones are refused, and that is long ago. */
  #isRefusedForLong(): boolean {
    const since = this.#refusedAt;
    if (since === undefined || performance.now() - since < this.#times.answerMs) return false;
    for (const client of this.#clients) client.observeTraffic();
    return this.#overdue().length > 0 && [...this.#clients].every(({ answeredAt }) => answeredAt < since);
  }

  /** The connections that have been waiting for long. */
  #overdue(): readonly WatchedClient[] {
    return [...this.#clients].filter((client) => client.waitingMs >= this.#limitMs(client));
  }

  /** How long a connection may be waiting before it is checked. */
  #limitMs(client: WatchedClient): number {
    return this.#probed.has(client) ? this.#times.probeMs : this.#times.quietMs;
  }

  #becomeUnreachable(): void {
    if (this.isReachable) {
      const message = 'database not responding; statements fail until it recovers';
      this.#log.warn({ connections: this.#clients.size, waiting: this.#waiting.size }, message);
    }
    this.#silences += 1;
    for (const stopWaiting of [...this.#waiting]) stopWaiting(unreachable());
    this.#cut([...this.#clients]);
  }

  #cutDead(dead: readonly WatchedClient[]): void {
    this.#log.warn({ connections: dead.length }, 'closed dead database connections');
    this.#cut(dead);
    // Idle ones may have died of the same cause, and would each cost a request that uses them as long again.
    for (const client of this.#clients) {
      if (client.waitingMs > 0 || client.backendPid === undefined) continue;
      this.#probed.add(client);
      const tried = () => this.#probed.delete(client);
      // If it was lost, its pool replaces it.
      client.query('SELECT 1').then(tried, tried);
    }
  }

  #cut(clients: readonly WatchedClient[]): void {
    for (const client of clients) {
      this.#clients.delete(client);
      this.#abandon(client);
      client.cut();
    }
  }

  #abandon({ backendPid }: WatchedClient): void {
    if (backendPid !== undefined) this.#abandoned.set(backendPid, performance.now());
  }

  /**
   * Asks the server, on a connection of its own, what it does for the connections, and cuts those that are dead.
   * @returns `silent` if the server does not answer, `refused` if it cannot be reached, `unknown` if it rejects the login.
   */
  async #ask(): Promise<'answers' | 'silent' | 'refused' | 'unknown'> {
    const client = new WatchedClient(clientConfig(this.#target, 'mevrik watch'));
    this.#asking = client;
    // What uses the connection fails with the same error.
    client.on('error', () => {});
    const askedAt = performance.now();
    let isConnected = false;
    let isSilent = false;
    const deadline = afterFreeTime(this.#patienceMs, () => {
      // Where it answers something, it is only slow: to cut all connections would make that worse.
      for (const one of this.#clients) one.observeTraffic();
      isSilent = !isConnected && [...this.#clients].every(({ answeredAt }) => answeredAt < askedAt);
      client.cut();
    });
    try {
      await client.connect();
      isConnected = true;
      const dead = await this.#findDead(client);
      if (dead.length > 0) this.#cutDead(dead);
      await this.#endAbandoned(client);
      return 'answers';
    } catch (error) {
      // The statements that fail for the same reason are reported.
      if (isSilent) return 'silent';
      return unreachableCodes.has(errorCode(error) ?? '') ? 'refused' : 'unknown';
    } finally {
      deadline.cancel();
      this.#asking = undefined;
      client.end().catch(() => {
        // It was cut.
      });
    }
  }

  /** How long a new connection is waited for. */
  get #patienceMs(): number {
    const usual = Math.max(this.#times.answerMs, 2 * this.#connectMs);
    return Math.min(longestAnswerMs, usual * 2 ** this.#silences);
  }

  /** Ends the server's side of lost connections, which would keep their locks until the server's TCP gives up. */
  async #endAbandoned(client: WatchedClient): Promise<void> {
    const now = performance.now();
    const pids = [...this.#abandoned.keys()];
    if (pids.length === 0) return;
    // A process that began later than the connection was cut is another one with the same number.
    await client.query(
      `SELECT pg_terminate_backend(backend.pid)
       FROM unnest($1::int[], $2::float8[]) AS cut (pid, ago_ms) JOIN pg_stat_activity AS backend USING (pid)
       WHERE backend.usename = current_user AND backend.datname = current_database()
         AND backend.application_name LIKE 'mevrik %'
         AND backend.backend_start < now() - cut.ago_ms * interval '1 millisecond'`,
      [pids, pids.map((pid) => now - (this.#abandoned.get(pid) ?? now))],
    );
    for (const pid of pids) this.#abandoned.delete(pid);
  }

  async #findDead(client: WatchedClient): Promise<readonly WatchedClient[]> {
    const overdue = this.#overdue();
    if (overdue.length === 0) return [];
    const pids = [...this.#clients].map(({ backendPid }) => backendPid).filter((pid) => pid !== undefined);
    const { rows }: pg.QueryResult<Backend> = await client.query(
      `SELECT pid, state, (extract(epoch FROM now() - state_change) * 1000)::float8 AS quiet_ms
       FROM pg_stat_activity WHERE pid = ANY($1) OR pid = pg_backend_pid()`,
      [pids],
    );
    // A pooler gives connections other numbers than those of the server's processes.
    if (!rows.some(({ pid }) => pid === client.backendPid)) return [];
    const backends = new Map(rows.map((row) => [row.pid, row]));
    return overdue.filter((one) => {
      // Answered while the server was asked.
      const limitMs = this.#limitMs(one);
      if (one.waitingMs < limitMs || one.backendPid === undefined) return false;
      const backend = backends.get(one.backendPid);
      return backend === undefined || (isIdle(backend) && backend.quiet_ms >= limitMs / 2);
    });
  }
}

/** A time limit is measured in so many parts; a part in which this process was busy does not count. */
const timeParts = 6;

/** Calls back after some milliseconds, without those in which this process was busy: it may have left answers unread. */
function afterFreeTime(ms: number, callback: () => void): { cancel(): void } {
  const partMs = ms / timeParts;
  let parts = 0;
  let dueAt = performance.now() + partMs;
  const timer = setInterval(() => {
    const lateMs = performance.now() - dueAt;
    dueAt = performance.now() + partMs;
    if (lateMs > partMs / 2) return;
    parts += 1;
    if (parts < timeParts) return;
    clearInterval(timer);
    callback();
  }, partMs);
  return { cancel: () => clearInterval(timer) };
}

function isIdle({ state }: Backend): boolean {
  return state?.startsWith('idle') === true;
}

function unreachable(): Error {
  return connectionLostError('The database does not answer.');
}
