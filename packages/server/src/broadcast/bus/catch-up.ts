import type { GatewayLog } from '../gateway-deps.ts';
import type { BroadcastMessage } from './broadcast-message.ts';
import type { History, HistoryMark } from './history.ts';

/** What catching up depends on. */
export interface CatchUpDeps {
  readonly history: History;
  readonly log: GatewayLog;
  /**
   * From where on this node is subscribed to a message's topic. `undefined` when it is not subscribed, and while the
   * position is being read: that is then past everything the log was read for before.
   */
  readonly subscribedSince: (message: BroadcastMessage) => HistoryMark | undefined;
  readonly deliver: (message: BroadcastMessage) => void;
  /** More messages were missed than can be resent. */
  readonly onMissed: () => void;
}

/** How often the current mark is recorded. */
const markMs = 2_000;
/** A lost connection is detected within this time: everything up to an older mark has arrived. */
const unnoticedMs = 10_000;
const retryMs = 1_000;
/** Maximum number of messages held while a gap is being filled. */
const maxHeld = 20_000;

/**
 * Fills the gap after this node was disconnected from the others: reads from the log what they broadcast meanwhile.
 * Messages that arrive before the gap is filled are held, so that each topic stays in order.
 */
export class CatchUp {
  readonly #deps: CatchUpDeps;
  readonly #marks: { readonly at: number; readonly mark: HistoryMark }[] = [];
  readonly #timer: NodeJS.Timeout;
  #firstMark: Promise<void>;
  #held: BroadcastMessage[] | undefined;
  #from: HistoryMark | undefined;
  #filling: Promise<void> | undefined;
  #isPinned = false;
  #isComplete = true;
  #isResubscribing = false;
  #interruptions = 0;
  /** How many logs there have been. */
  #logs = 1;
  #isStopped = false;

  constructor(deps: CatchUpDeps) {
    this.#deps = deps;
    this.#timer = setInterval(() => void this.#recordMark(), markMs).unref();
    this.#firstMark = this.#recordMark();
  }

  /** Handles a log event broadcast by another node. */
  receive(message: BroadcastMessage): void {
    if (!this.#held) {
      this.#deps.deliver(message);
      return;
    }
    this.#held.push(message);
    // The log has these events: the gap is filled once more from there.
    if (this.#held.length > maxHeld) this.#held = [];
  }

  /** Messages may be missed from now on. Those that still arrive are delivered. */
  disconnected(): void {
    this.#isComplete = false;
    this.#pinMark();
  }

  /** Subscriptions are being restored: incoming messages are held until the gap is filled. */
  resubscribing(): void {
    if (!this.#isPinned) return;
    this.#isResubscribing = true;
    this.#hold();
  }

  /** Fills the gap. @param isComplete all subscriptions are restored; otherwise some are still disconnected. */
  resubscribed(isComplete: boolean): void {
    this.#isResubscribing = false;
    this.#isComplete = isComplete;
    this.#startFilling();
  }

  /** Another node reported that it dropped messages. */
  gapReported(): void {
    this.#pinMark();
    this.#hold();
    this.#startFilling();
  }

  /**
   * Delivers what the log has of these partitions, up to its end: a loss of the connection that is not detected yet may
   * have kept some of it from this node. Nothing is held meanwhile: one connection delivers in order, and what a restored
   * one delivers is held until the whole gap is filled. Rejects if the log cannot be read.
   */
  async fill(partitions: readonly number[]): Promise<void> {
    this.#deliverMissed(await this.#readMissed(partitions));
  }

  /** The log is another one now: what was missed before is unknown, and a gap that is open has clients reload. */
  forgetMarks(): void {
    this.#logs += 1;
    this.#marks.length = 0;
    this.#from = undefined;
    this.#firstMark = this.#recordMark();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#filling;
  }

  #pinMark(): void {
    if (this.#isPinned) return;
    this.#isPinned = true;
    this.#from = this.#lastSafeMark();
  }

  #hold(): void {
    this.#interruptions += 1;
    this.#held ??= [];
  }

  #startFilling(): void {
    if (!this.#held || this.#isResubscribing) return;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
      // Messages held since the last check would otherwise be held forever.
      if (!this.#isStopped) this.#startFilling();
    });
  }

  async #fill(): Promise<void> {
    const { log, deliver } = this.#deps;
    while (!this.#isResubscribing && !this.#isStopped) {
      const [held, interruptions] = [this.#held, this.#interruptions];
      try {
        const missed = await this.#readMissed();
        if (this.#interruptions !== interruptions) continue;
        this.#deliverMissed(missed);
      } catch (error) {
        log.warn({ err: error }, 'failed to read missed broadcasts; retrying');
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
        continue;
      }
      // A different array: the limit was exceeded, and some messages were dropped.
      if (this.#held !== held) continue;
      this.#held = undefined;
      if (this.#isComplete) {
        this.#isPinned = false;
        this.#from = undefined;
      }
      for (const message of held ?? []) deliver(message);
      return;
    }
  }

  /** Without partitions, of all. @returns `undefined` if there are too many, or if it is unknown since when. */
  async #readMissed(partitions?: readonly number[]): Promise<readonly BroadcastMessage[] | undefined> {
    await this.#firstMark;
    const from = this.#from ?? this.#lastSafeMark();
    return from && (await this.#deps.history.since(from, partitions));
  }

  /** @param missed `undefined`: too many, or it is unknown since when. */
  #deliverMissed(missed: readonly BroadcastMessage[] | undefined): void {
    const { log, deliver, onMissed } = this.#deps;
    for (const message of missed ?? []) if (this.#concerns(message)) deliver(message);
    if (missed !== undefined) return;
    log.warn({}, 'too many broadcasts were missed to resend them: clients reload their state');
    onMissed();
  }

  /** Whether this node was subscribed to the topic when the event happened. */
  #concerns(message: BroadcastMessage): boolean {
    const since = this.#deps.subscribedSince(message);
    if (!since || !message.at) return false;
    const [partition, offset] = message.at;
    return offset > (since.get(partition) ?? 0);
  }

  async #recordMark(): Promise<void> {
    if (this.#isPinned) return;
    const [at, logs] = [performance.now(), this.#logs];
    try {
      const mark = await this.#deps.history.mark();
      if (logs !== this.#logs) return;
      // The first one is from before all subscriptions.
      if (!this.#isPinned || this.#marks.length === 0) this.#marks.push({ at, mark });
    } catch {
      // The database is unavailable; an older mark only means reading more.
      return;
    }
    while ((this.#marks[1]?.at ?? at) < at - unnoticedMs) this.#marks.shift();
  }

  /** The newest mark from before the connection can have been lost. */
  #lastSafeMark(): HistoryMark | undefined {
    const before = performance.now() - unnoticedMs;
    return (this.#marks.findLast(({ at }) => at < before) ?? this.#marks[0])?.mark;
  }
}
