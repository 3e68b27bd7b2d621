import type { AppRecord } from '@mevrik/protocol';
import type { Tagged } from './use-tagged.ts';

/** The props of an editor of an app. */
export interface EditedApp {
  readonly app: Tagged<AppRecord>;
  /** Discards unsaved changes and loads the stored state. */
  readonly onLoad: () => Promise<void>;
}
