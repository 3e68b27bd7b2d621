import { hostname } from 'node:os';
import type { Database } from '../db/database.ts';
import type { Sql } from '../db/sql.ts';
import { within } from '../domain/deadline.ts';
import { partitionCount } from '../log/partition.ts';
import type { DispatchOptions } from './dispatch-options.ts';
import { renewEpoch } from './log-epoch.ts';
import { calmAfterMs, clearSuspicion, judgeAttempts, recordOwner, recordRelease } from './suspects.ts';

/** The class of the advisory locks; the partition is the second number. */
const lockClass = 7364;

/** The options of ownership. */
export interface OwnershipOptions
  extends Pick<DispatchOptions, 'nodeId' | 'database' | 'heartbeatMs' | 'deadAfterMs' | 'log'> {
  /** Opens the dedicated connection that holds the locks: directly to the server, not through a pooler. */
  readonly openLockConnection: () => Database;
  /** The log is another one than before: a fail-over or a restored backup. Called before partitions are acquired. */
  readonly onNewEpoch: () => void;
  readonly onAcquired: (partitions: readonly number[]) => void;
  /**
   * Resolves when all work on these partitions has ended. `isLost`: the connection with their locks was, so the database
   * may be another one now.
   */
  readonly onReleased: (partitions: readonly number[], isLost: boolean) => Promise<void>;
}

interface Node {
  readonly id: string;
  readonly lock_backend_pid: number;
  readonly alive: boolean;
  /** Whether its connection for locks exists. */
  readonly connected: boolean;
}

/** A node's heartbeat and its share of the partitions. */
export interface OwnershipState {
  /** Whether its last heartbeat is recent: other nodes then leave it its partitions. */
  readonly isAlive: boolean;
  /** The number of partitions that it holds. */
  readonly held: number;
  /**
   * Whether it has held none for longer than a node may be silent, though it should hold some: others do not release
   * theirs. A node that has just joined waits for its share, but already serves its clients.
   */
  readonly isStarved: boolean;
}

/**
 * Distributes the partitions evenly among the live nodes. The locks live on a dedicated connection: when that is
 * lost, through the network, a crash, or a peer that found this node hanging, all partitions are released at once.
 * The lock is for efficiency; the compare-and-set of the checkpoints makes two owners harmless.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  readonly #owned = new Set<number>();
  #locks: Database | undefined;
  /** The connection that is being made; another one if that was given up. */
  #connecting: Database | undefined;
  #backendPid = 0;
  #epoch: string | undefined;
  /** The nodes that had no connection for locks at the last heartbeat. */
  #missing: ReadonlySet<string> = new Set();
  #lastBeatAt = Number.NEGATIVE_INFINITY;
  /** When its partitions are cleared of suspicion; never if they are already. */
  #calmAt = Number.POSITIVE_INFINITY;
  /** Whether there are attempts of other nodes to judge in its partitions. */
  #hasLeftAttempts = false;
  /** When it last held a partition, or should hold none. */
  #servedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #ticking: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** Whether this node holds the partition now. */
  owns(partition: number): boolean {
    return this.#owned.has(partition);
  }

  /** The partitions held now. */
  get partitions(): readonly number[] {
    return [...this.#owned];
  }

  /** This node's heartbeat and its share of the partitions. */
  get state(): OwnershipState {
    const { deadAfterMs } = this.#options;
    const now = performance.now();
    const isAlive = now - this.#lastBeatAt < deadAfterMs;
    const held = this.#owned.size;
    return { isAlive, held, isStarved: held === 0 && now - this.#servedAt >= deadAfterMs };
  }

  /** Acquires a share of the partitions and keeps it balanced from then on. */
  async start(): Promise<void> {
    await this.#tick();
    const tickLater = () => {
      if (this.#isStopped) return;
      this.#timer = setTimeout(() => void this.#tick().finally(tickLater), this.#options.heartbeatMs);
    };
    tickLater();
  }

  /** Releases all partitions and deregisters, so that other nodes take over without waiting for a timeout. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#ticking;
    this.#connecting = undefined;
    const { database, nodeId } = this.#options;
    const released = await this.#releaseAll(false);
    await recordRelease(database.sql, nodeId, released).catch(() => {
      // It counts as an unexpected end, which has consequences only if more follow.
    });
    await this.#locks?.close();
    await database.sql`DELETE FROM nodes WHERE id = ${nodeId}`.catch(() => {
      // Other nodes remove it once its heartbeat expires.
    });
  }

  async #tick(): Promise<void> {
    this.#ticking = this.#beat().catch(async (error) => {
      if (this.#isStopped) return;
      this.#options.log.warn({ err: error }, 'the heartbeat failed; releasing all partitions');
      await this.#disconnect();
    });
    await this.#ticking;
  }

  async #beat(): Promise<void> {
    const { nodeId, deadAfterMs } = this.#options;
    // By then other nodes consider this one dead and take over, whatever the heartbeat waits for.
    const late = `The heartbeat took longer than ${deadAfterMs} ms.`;
    const { locks, nodes } = await within(deadAfterMs, this.#report(), late);
    if (this.#locks !== locks) return;
    for (const node of nodes.filter((one) => !one.alive)) await this.#evict(locks.sql, node);
    const share = shareOf(nodeId, this.#livingOf(nodes));
    await this.#acquire(locks.sql, share);
    await this.#settleSuspicion(locks.sql);
    if (share === 0 || this.#owned.size > 0) this.#servedAt = performance.now();
  }

  /**
   * The nodes to share the partitions with. A killed one has no connection for locks from that moment on, long before its
   * heartbeat is too old; but so has one that connects again, as all do after a restart of the database: it counts until
   * the next heartbeat.
   */
  #livingOf(nodes: readonly Node[]): readonly string[] {
    const missing = new Set(nodes.filter((one) => !one.connected).map((one) => one.id));
    const living = nodes.filter((one) => one.alive && !(missing.has(one.id) && this.#missing.has(one.id)));
    this.#missing = missing;
    return living.map((one) => one.id);
  }

  /** Reports that this node is alive. @returns all nodes. */
  async #report(): Promise<{ readonly locks: Database; readonly nodes: readonly Node[] }> {
    const locks = this.#locks ?? (await this.#connect());
    const { nodeId, deadAfterMs } = this.#options;
    const [beat] = await locks.sql<{ epoch: string }[]>`
      INSERT INTO nodes (id, host, pid, lock_backend_pid)
      VALUES (${nodeId}, ${hostname()}, ${process.pid}, ${this.#backendPid})
      ON CONFLICT (id) DO UPDATE SET heartbeat_at = now(), lock_backend_pid = ${this.#backendPid}
      RETURNING (SELECT epoch FROM log_epoch) AS epoch`;
    if (this.#locks === locks) {
      this.#lastBeatAt = performance.now();
      this.#compareEpoch(beat?.epoch);
    }
    const nodes = await locks.sql<Node[]>`
      SELECT id, lock_backend_pid, heartbeat_at > now() - ${deadAfterMs} * interval '1 millisecond' AS alive,
             EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = ${lockClass}
                       AND pid = lock_backend_pid AND granted) AS connected
      FROM nodes ORDER BY id`;
    return { locks, nodes };
  }

  #compareEpoch(epoch: string | undefined): void {
    const before = this.#epoch;
    this.#epoch = epoch;
    if (before === undefined || before === epoch) return;
    this.#options.log.warn(
      {},
      'the database has failed over or was restored: clients load their state again',
    );
    this.#options.onNewEpoch();
  }

  /**
   * Terminates the connections of a node that hangs, which hold its partition locks and row locks. The application
   * name of a connection contains its node's ID.
   */
  async #evict(sql: Sql, node: Node): Promise<void> {
    this.#options.log.warn({ node: node.id }, 'a node missed its heartbeats; taking over its partitions');
    await sql`
      SELECT pg_terminate_backend(pid) FROM pg_locks
      WHERE locktype = 'advisory' AND classid = ${lockClass} AND pid = ${node.lock_backend_pid} AND granted
      LIMIT 1`;
    await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND usename = current_user AND application_name LIKE ${`% ${node.id}`}`;
    await sql`DELETE FROM nodes WHERE id = ${node.id}`;
  }

  async #acquire(sql: Sql, share: number): Promise<void> {
    const surplus = this.#owned.size - share;
    if (surplus > 0) await this.#release(sql, [...this.#owned].slice(-surplus));
    if (surplus >= 0) return;
    const free = Array.from({ length: partitionCount }, (_, partition) => partition).filter(
      (partition) => !this.#owned.has(partition),
    );
    // A random start, so that the nodes don't all try the same partitions.
    const start = Math.floor(Math.random() * free.length);
    const candidates = [...free.slice(start), ...free.slice(0, start)];
    const acquired: number[] = [];
    for (let index = 0; index < candidates.length && acquired.length < -surplus; ) {
      const wanted = candidates.slice(index, index + (-surplus - acquired.length));
      index += wanted.length;
      const rows = await sql<{ partition: number; locked: boolean }[]>`
        SELECT partition, pg_try_advisory_lock(${lockClass}, partition) AS locked
        FROM unnest(${wanted}::int[]) AS partition`;
      acquired.push(...rows.filter((row) => row.locked).map((row) => row.partition));
    }
    if (acquired.length === 0) return;
    if (await recordOwner(sql, this.#options.nodeId, acquired)) this.#hasLeftAttempts = true;
    if (this.#locks?.sql !== sql) return;
    this.#calmAt = performance.now() + calmAfterMs;
    for (const partition of acquired) this.#owned.add(partition);
    this.#options.log.info({ partitions: acquired.length, held: this.#owned.size }, 'partitions acquired');
    this.#options.onAcquired(acquired);
  }

  async #settleSuspicion(sql: Sql): Promise<void> {
    const { nodeId, deadAfterMs } = this.#options;
    if (this.#hasLeftAttempts) {
      this.#hasLeftAttempts = await judgeAttempts(sql, nodeId, [...this.#owned], deadAfterMs);
    }
    if (performance.now() < this.#calmAt) return;
    this.#calmAt = Number.POSITIVE_INFINITY;
    await clearSuspicion(sql, nodeId, [...this.#owned]);
  }

  async #release(sql: Sql, partitions: readonly number[]): Promise<void> {
    for (const partition of partitions) this.#owned.delete(partition);
    await this.#options.onReleased(partitions, false);
    await recordRelease(sql, this.#options.nodeId, partitions);
    await sql`
      SELECT pg_advisory_unlock(${lockClass}, partition) FROM unnest(${partitions}::int[]) AS partition`;
    this.#options.log.info({ partitions: partitions.length, held: this.#owned.size }, 'partitions released');
  }

  async #connect(): Promise<Database> {
    const locks = this.#options.openLockConnection();
    this.#connecting = locks;
    try {
      const [first] = await locks.sql<{ pid: number }[]>`
        SELECT pg_backend_pid() AS pid, pg_try_advisory_lock_shared(${lockClass}, -1)`;
      const [second] = await locks.sql<{ held: boolean; pid: number }[]>`
        SELECT pg_backend_pid() AS pid, EXISTS (
          SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = ${lockClass} AND pid = pg_backend_pid()
        ) AS held`;
      if (!first || !second?.held || first.pid !== second.pid) {
        throw new Error(
          'Session locks do not work on this connection, because it goes through a pooler in transaction mode. ' +
            'Connect to the server directly, or through a pooler in session mode.',
        );
      }
      // Without the right to read it, an administrator renews the epoch, as docs/PROTOCOL.md says.
      await renewEpoch(locks.sql).catch((error: unknown) =>
        this.#options.log.warn({ err: error }, 'cannot tell whether the database has failed over'),
      );
      if (this.#connecting !== locks) throw new Error('The connection for locks took too long.');
      this.#connecting = undefined;
      this.#backendPid = first.pid;
      this.#locks = locks;
      return locks;
    } catch (error) {
      if (this.#connecting === locks) this.#connecting = undefined;
      await locks.close();
      throw error;
    }
  }

  /** Called when the lock connection is lost: releases all partitions first. */
  connectionLost(): void {
    if (this.#isStopped || !this.#locks) return;
    this.#options.log.warn({ held: this.#owned.size }, 'lost the lock connection; releasing all partitions');
    void this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const locks = this.#locks;
    this.#locks = undefined;
    this.#connecting = undefined;
    await this.#releaseAll(true);
    await locks?.close().catch(() => {
      // The connection is already lost.
    });
  }

  /** @returns the partitions that it held. */
  async #releaseAll(isLost: boolean): Promise<readonly number[]> {
    const partitions = [...this.#owned];
    this.#owned.clear();
    if (partitions.length > 0) await this.#options.onReleased(partitions, isLost);
    return partitions;
  }
}

/** How many partitions a node should own: an equal share, with the remainder going to the first nodes. */
function shareOf(nodeId: string, living: readonly string[]): number {
  const rank = living.indexOf(nodeId);
  if (rank < 0) return 0;
  return Math.floor(partitionCount / living.length) + (rank < partitionCount % living.length ? 1 : 0);
}
