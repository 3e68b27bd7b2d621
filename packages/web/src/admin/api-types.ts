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

/** A part of a list. */
export interface Items<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}
