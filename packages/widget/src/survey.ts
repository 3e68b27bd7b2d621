import type { Message } from '@mevrik/protocol';

/** Whether the latest survey is still unanswered. */
export function asksForRating(messages: readonly Message[]): boolean {
  const asked = messages.findLastIndex(isSurvey);
  return asked >= 0 && !messages.slice(asked).some(({ content }) => content.csat);
}

/** Whether a message is a survey. */
export function isSurvey({ content }: Message): boolean {
  return content.quickReplies?.some(({ payload }) => payload.startsWith('csat:')) ?? false;
}
