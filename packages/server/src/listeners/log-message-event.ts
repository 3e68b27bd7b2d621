import { listener } from './listener-deps.ts';

/** Logs every message, without its text. */
export const LogMessageEvent = listener<'MessageReadyEvent' | 'MessageReplyReadyEvent'>({
  name: 'LogMessageEvent',
  summary: 'Logs every message, without its text.',
  async handle({ type, id, partition, offset, appId, data: { message } }, { tx, deps }) {
    const { id: messageId, sessionId, channel, kind, isReply } = message;
    const line = {
      type,
      eventId: id,
      partition,
      offset,
      appId,
      messageId,
      sessionId,
      channel,
      kind,
      isReply,
    };
    tx.afterCommit(() => deps.log.info(line, 'message'));
  },
});
