/**
 * The ordering key of a conversation: events about one contact on one channel of one app are handled in order.
 * It is known before a session exists, and stable across sessions.
 */
export function conversationKey(appId: number, channel: string, contactId: string): string {
  return `${appId}/${channel}:${contactId}`;
}

/** The parts of a conversation key. */
export interface ParsedConversationKey {
  readonly appId: number;
  readonly channel: string;
  readonly contactId: string;
}

/**
 * Splits a conversation key into its parts.
 * @throws Error for a text that `conversationKey` cannot have made.
 */
export function parseConversationKey(key: string): ParsedConversationKey {
  const [, appId, channel, contactId] = /^(\d+)\/([^:]+):(.*)$/s.exec(key) ?? [];
  if (appId === undefined || channel === undefined || contactId === undefined) {
    throw new Error(`Not a conversation key: ${JSON.stringify(key.slice(0, 100))}`);
  }
  return { appId: Number(appId), channel, contactId };
}
