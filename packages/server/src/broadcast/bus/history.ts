import type { Resumed, TopicPosition } from '@mevrik/protocol';
import type { BroadcastMessage } from './broadcast-message.ts';

/** What was broadcast and can be told again. */
export interface History {
  /**
   * Where a topic stands, and what was missed by who stood at `from`; without it, only where it stands.
   * @returns `undefined` where nothing of this topic is kept.
   */
  resume(
    question: ResumeQuestion,
  ): Promise<(Resumed & { readonly missed: readonly BroadcastMessage[] }) | undefined>;
  /** Up to where the log goes. */
  heads(): Promise<HistoryMark>;
  /** Up to where everything was broadcast so that no node could miss it, unless it was cut off itself. */
  mark(): Promise<HistoryMark>;
  /** All that came after a mark, in order; `undefined` when it is more than can be told again. */
  since(mark: HistoryMark): Promise<readonly BroadcastMessage[] | undefined>;
}

/** Somebody who asks for what they have missed. */
export interface ResumeQuestion {
  readonly appId: number;
  readonly topic: string;
  readonly from?: TopicPosition | undefined;
}

/** An offset for each partition. */
export type HistoryMark = ReadonlyMap<number, number>;

/** A history that keeps nothing. */
export const noHistory: History = {
  resume: async () => undefined,
  heads: async () => new Map(),
  mark: async () => new Map(),
  since: async () => [],
};
