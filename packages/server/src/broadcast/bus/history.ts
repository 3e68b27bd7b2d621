import type { Resumed, TopicPosition } from '@mevrik/protocol';
import type { BroadcastMessage } from './broadcast-message.ts';

/** Past broadcasts that can be resent. */
export interface History {
  /**
   * Reads a topic's current position and the broadcasts after `from`; without `from`, only the position.
   * @returns `undefined` for a topic without history.
   */
  resume(
    request: ResumeRequest,
  ): Promise<(Resumed & { readonly missed: readonly BroadcastMessage[] }) | undefined>;
  /** The end of the log in each partition. */
  heads(): Promise<HistoryMark>;
  /** The position up to which every connected node has received all broadcasts. */
  mark(): Promise<HistoryMark>;
  /**
   * All broadcasts after a mark, in order, of all partitions or only of these; `undefined` when there are too many to
   * resend.
   */
  since(mark: HistoryMark, partitions?: readonly number[]): Promise<readonly BroadcastMessage[] | undefined>;
  /** Forgets what was read: the log is another one now. */
  forget(): void;
}

/** A request for the broadcasts that a client has missed. */
export interface ResumeRequest {
  readonly appId: number;
  readonly topic: string;
  readonly from?: TopicPosition | undefined;
}

/** An offset for each partition. */
export type HistoryMark = ReadonlyMap<number, number>;

/** A history that is always empty. */
export const noHistory: History = {
  resume: async () => undefined,
  heads: async () => new Map(),
  mark: async () => new Map(),
  since: async () => [],
  forget() {},
};
