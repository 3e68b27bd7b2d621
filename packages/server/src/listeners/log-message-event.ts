import { listener } from './listener-deps.ts';

/** Writes every message into the log stream: that it was, never what it said. */
export const LogMessageEvent = listener<'MessageReadyEvent' | 'MessageReplyReadyEvent'>({
  name: 'LogMessageEvent',
  summary: 'Writes a line to the log stream for every message, without its text.',
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
