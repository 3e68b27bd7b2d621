import type { GatewayLog } from '../gateway-deps.ts';
import type { BroadcastMessage } from './broadcast-message.ts';
import type { History, HistoryMark } from './history.ts';

/** What catching up takes. */
export interface CatchUpOptions {
  readonly history: History;
  readonly log: GatewayLog;
  /** Since when this node's clients hear a message's topic, as far as that is known; `undefined` when none does. */
  readonly heardSince: (message: BroadcastMessage) => HistoryMark | undefined;
  readonly deliver: (message: BroadcastMessage) => void;
  /** More was missed than can be told again. */
  readonly onMissed: () => void;
}

/** How often it is noted how far everybody is. */
const markMs = 2_000;
/** A connection that is cut is noticed within this time: what was marked before it had come through. */
const unnoticedMs = 10_000;
const retryMs = 1_000;
/** What may come in while a gap is being filled. */
const maxHeld = 20_000;

/**
 * Fills the gap when this node was cut off from the others: what they broadcast of the log meanwhile is read from the
 * log. What comes in before that is done waits, so that each topic stays in order.
 */
export class CatchUp {
  readonly #with: CatchUpOptions;
  readonly #marks: { readonly at: number; readonly mark: HistoryMark }[] = [];
  readonly #timer: NodeJS.Timeout;
  #held: BroadcastMessage[] | undefined;
  #from: HistoryMark | undefined;
  #filling: Promise<void> | undefined;
  #isPinned = false;
  #isWhole = true;
  #isMending = false;
  #cuts = 0;
  #isStopped = false;

  constructor(options: CatchUpOptions) {
    this.#with = options;
    this.#timer = setInterval(() => void this.#note(), markMs).unref();
    void this.#note();
  }

  /** Takes a message of another node's that tells of the log. */
  take(message: BroadcastMessage): void {
    if (!this.#held) {
      this.#with.deliver(message);
      return;
    }
    this.#held.push(message);
    // The log has it: it is found there when the gap is filled once more.
    if (this.#held.length > maxHeld) this.#held = [];
  }

  /** From now on something may be missed. What still comes in goes on to be told. */
  cut(): void {
    this.#isWhole = false;
    this.#pin();
  }

  /** What was cut off is being heard again: what comes in waits until the gap is filled. */
  mending(): void {
    if (!this.#isPinned) return;
    this.#isMending = true;
    this.#hold();
  }

  /** Fills the gap. @param isWhole nothing is missed from now on; otherwise some part is still cut off. */
  mended(isWhole: boolean): void {
    this.#isMending = false;
    this.#isWhole = isWhole;
    this.#fillNow();
  }

  /** Something was missed that another node had to tell. */
  missed(): void {
    this.#pin();
    this.#hold();
    this.#fillNow();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#filling;
  }

  #pin(): void {
    if (this.#isPinned) return;
    this.#isPinned = true;
    this.#from = this.#surelyHeard();
  }

  #hold(): void {
    this.#cuts += 1;
    this.#held ??= [];
  }

  #fillNow(): void {
    if (!this.#held || this.#isMending) return;
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
      // What was mended just as the filling ended would be held for ever.
      if (!this.#isStopped) this.#fillNow();
    });
  }

  async #fill(): Promise<void> {
    const { history, log, deliver, onMissed } = this.#with;
    while (!this.#isMending && !this.#isStopped) {
      const [held, cuts] = [this.#held, this.#cuts];
      try {
        const missed = this.#from && (await history.since(this.#from));
        if (this.#cuts !== cuts) continue;
        for (const message of missed ?? []) if (this.#concerns(message)) deliver(message);
        if (missed === undefined) {
          log.warn({}, 'more was missed than can be told again: clients load everything anew');
          onMissed();
        }
      } catch (error) {
        log.warn({ error: String(error) }, 'what was missed is read again');
        await new Promise((resolve) => setTimeout(resolve, retryMs).unref());
        continue;
      }
      // Another array: more came in than may wait, and part of it was let go.
      if (this.#held !== held) continue;
      this.#held = undefined;
      if (this.#isWhole) {
        this.#isPinned = false;
        this.#from = undefined;
      }
      for (const message of held ?? []) deliver(message);
      return;
    }
  }

  /** Whether somebody here hears its topic, and did so already when it happened. */
  #concerns(message: BroadcastMessage): boolean {
    const since = this.#with.heardSince(message);
    if (!since || !message.at) return false;
    const [partition, offset] = message.at;
    return offset > (since.get(partition) ?? 0);
  }

  async #note(): Promise<void> {
    if (this.#isPinned) return;
    const at = performance.now();
    try {
      const mark = await this.#with.history.mark();
      if (!this.#isPinned) this.#marks.push({ at, mark });
    } catch {
      // The database is away; the marks that are there only reach further back.
      return;
    }
    while ((this.#marks[1]?.at ?? at) < at - unnoticedMs) this.#marks.shift();
  }

  /** The newest mark from before the cut can have begun. */
  #surelyHeard(): HistoryMark | undefined {
    const before = performance.now() - unnoticedMs;
    return (this.#marks.findLast(({ at }) => at < before) ?? this.#marks[0])?.mark;
  }
}
