import type { Message } from '@mevrik/protocol';

/** Whether a survey was sent that nobody has answered. */
export function asksForRating(messages: readonly Message[]): boolean {
  const asked = messages.findLastIndex(isSurvey);
  return asked >= 0 && !messages.slice(asked).some(({ content }) => content.csat);
}

/** Whether a message asks how it was. */
export function isSurvey({ content }: Message): boolean {
  return content.quickReplies?.some(({ payload }) => payload.startsWith('csat:')) ?? false;
}
