import type { Tagged } from './use-tagged.ts';

export type { SubscriptionState } from '@mevrik/protocol';

/** An app as administrators see it. */
export interface AppRow {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
}

/** What an editor of an app is given. */
export interface EditedApp {
  readonly path: string;
  readonly app: Tagged<AppRow>;
  /** Drops what is written, and begins with what there is now. */
  readonly onLoad: () => Promise<void>;
}

/** A part of a list. */
export interface Items<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}
