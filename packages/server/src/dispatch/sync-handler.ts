import type { SyncHandler } from '../log/transaction.ts';
import type { ListenerTable } from './listener.ts';
import { syncListenersOf } from './subscription.ts';

/** Creates the handler that calls sync listeners for each raised event, inside the raising transaction. */
export function createSyncHandler<Deps>(
  table: ListenerTable<Deps>,
  deps: Deps,
  environment: string,
): SyncHandler {
  return async (event, tx) => {
    for (const listener of syncListenersOf(table, event.type)) {
      const wanted = listener.when?.(event as never, { environment }) ?? true;
      if (wanted) await listener.handle(event as never, { tx, deps });
    }
  };
}
