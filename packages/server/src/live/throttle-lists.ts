import type { BroadcastMessage } from '../broadcast/bus/broadcast-message.ts';

type Publish = (messages: readonly BroadcastMessage[]) => Promise<void>;

/** A list that changes all the time is told of once in so many milliseconds, by each node. */
const onceInMs = 1_000;

/**
 * Thins out the news that a list has changed (`list_changed`): the first is told at once, those that follow within a
 * second as one at its end. All else goes through.
 */
export function thinLists(publish: Publish): Publish {
  /** The lists that were told of just now, with what is to be told of them next. */
  const lately = new Map<string, BroadcastMessage | undefined>();

  function tell(key: string, message: BroadcastMessage): Promise<void> {
    lately.set(key, undefined);
    setTimeout(() => {
      const next = lately.get(key);
      lately.delete(key);
      // Such news may be missed: the next change brings more.
      if (next) tell(key, next).catch(() => {});
    }, onceInMs).unref();
    return publish([message]);
  }

  return async (messages) => {
    const others: BroadcastMessage[] = [];
    const told: Promise<void>[] = [];
    for (const message of messages) {
      const key = `${message.appId} ${message.payload.list}`;
      if (message.event !== 'list_changed') others.push(message);
      else if (lately.has(key)) lately.set(key, message);
      else told.push(tell(key, message));
    }
    if (others.length > 0) told.push(publish(others));
    await Promise.all(told);
  };
}
