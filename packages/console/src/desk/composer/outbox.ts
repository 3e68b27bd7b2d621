import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { queryClient } from '../../shared/query-client.ts';
import { type Attachment, type Message, MevrikError, randomKey } from '../../shared/sdk.ts';
import { createStore } from '../../shared/store.ts';
import { cacheMessage } from '../conversation/message-cache.ts';

/** A reply or note that the server has not stored yet. */
export interface PendingMessage {
  /** Idempotency key: the server stores the message once, however often it is sent. */
  readonly key: string;
  readonly sessionId: number;
  readonly text: string;
  readonly attachments: readonly Attachment[];
  readonly isNote: boolean;
  /** Whether a reply to a comment is private. */
  readonly privately: boolean;
  /** The id of the newest message when this one was written. */
  readonly afterId: number;
  readonly createdAt: string;
  readonly state: 'failed' | 'sending' | 'waiting';
  readonly error?: string;
  /** The server was unreachable: the message is sent again automatically. */
  readonly isCut?: boolean;
}

const storageKey = 'mevrik.outbox';

/** Pending messages survive a page reload. */
function kept(): readonly PendingMessage[] {
  try {
    const read: PendingMessage[] = JSON.parse(sessionStorage.getItem(storageKey) ?? '[]');
    return read.map((one) => (one.state === 'sending' ? { ...one, state: 'waiting' } : one));
  } catch {
    // Storage is blocked or was written by another version: there is nothing to send again.
    return [];
  }
}

const store = createStore(kept(), (all) => sessionStorage.setItem(storageKey, JSON.stringify(all)));
const busy = new Set<number>();

function patch(key: string, change: Partial<PendingMessage>): void {
  store.set(store.get().map((one) => (one.key === key ? { ...one, ...change } : one)));
}

function deliver({
  sessionId,
  key,
  text,
  attachments,
  isNote,
  privately,
}: PendingMessage): Promise<{ message: Message }> {
  if (isNote) return api.rest.desk.addNote(sessionId, text, { key });
  const files = attachments.flatMap(({ fileId }) => (fileId === undefined ? [] : [{ fileId }]));
  const reply = {
    ...(text === '' ? {} : { text }),
    ...(files.length === 0 ? {} : { attachments: files }),
    ...(privately ? { privately } : {}),
  };
  return api.rest.desk.reply(sessionId, reply, { key });
}

/** Sends the pending messages of a conversation one by one, in order. */
async function pump(sessionId: number): Promise<void> {
  if (busy.has(sessionId)) return;
  busy.add(sessionId);
  try {
    for (;;) {
      const next = store.get().find((one) => one.sessionId === sessionId && one.state === 'waiting');
      if (!next) return;
      patch(next.key, { state: 'sending' });
      try {
        const { message } = await deliver(next);
        cacheMessage(queryClient, message);
        outbox.discard(next.key);
      } catch (error) {
        const isCut = error instanceof MevrikError && (error.status === 0 || error.status >= 500);
        patch(next.key, { state: 'failed', error: errorMessage(error), isCut });
        if (isCut) return;
      }
    }
  } finally {
    busy.delete(sessionId);
  }
}

/** Messages of agents until the server has stored them. */
export const outbox = {
  /** The pending messages of a conversation, without those that already arrived as a broadcast. */
  useOf(sessionId: number, messages: readonly Message[]): readonly PendingMessage[] {
    return store
      .use()
      .filter(
        (one) =>
          one.sessionId === sessionId &&
          !(one.state === 'sending' && messages.some((message) => isSame(one, message))),
      );
  },
  send(written: Omit<PendingMessage, 'createdAt' | 'key' | 'state'>): void {
    const more = { key: randomKey(), createdAt: new Date().toISOString(), state: 'waiting' } as const;
    store.set([...store.get(), { ...written, ...more }]);
    void pump(written.sessionId);
  },
  retry(key: string): void {
    const one = store.get().find((found) => found.key === key);
    if (!one) return;
    patch(key, { state: 'waiting' });
    void pump(one.sessionId);
  },
  discard(key: string): void {
    store.set(store.get().filter((one) => one.key !== key));
  },
  /** Resends messages that failed while the server was unreachable. */
  resume(): void {
    store.set(
      store.get().map((one) => (one.isCut && one.state === 'failed' ? { ...one, state: 'waiting' } : one)),
    );
    for (const sessionId of new Set(store.get().map((one) => one.sessionId))) void pump(sessionId);
  },
};

function isSame({ afterId, text, isNote }: PendingMessage, message: Message): boolean {
  return (
    message.id > afterId &&
    message.sender.type === 'agent' &&
    (message.kind === 'note') === isNote &&
    (message.content.text ?? '') === text
  );
}
