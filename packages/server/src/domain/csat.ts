import { type Case, type CsatAnswer, cutText, type MessageContent } from '@mevrik/protocol';

/** The facts that decide about a survey after a case was closed. */
export interface SurveyFacts {
  readonly enabled: boolean;
  readonly hadAgentReply: boolean;
  readonly closedBy: NonNullable<Case['closedBy']>;
  readonly disposition: string | null;
  /** ISO 8601; `null` if the customer never got a survey. */
  readonly lastSurveyAt: string | null;
  readonly cooldownMinutes: number;
  readonly sessionValid: boolean;
  readonly skipDispositions: readonly string[];
}

/**
 * Whether a customer gets a survey for a closed case: an agent replied and closed it, the session is still valid, and
 * the last survey is longer ago than the cooldown.
 */
export function isEligibleForSurvey(facts: SurveyFacts, now: Date): boolean {
  if (!facts.enabled || !facts.hadAgentReply || !facts.sessionValid || facts.closedBy !== 'agent')
    return false;
  if (facts.disposition !== null && facts.skipDispositions.includes(facts.disposition)) return false;
  if (facts.lastSurveyAt === null) return true;
  return now.getTime() - Date.parse(facts.lastSurveyAt) >= facts.cooldownMinutes * 60_000;
}

const payloadPattern = /^csat:(?:(\d+):)?([1-5])$/;
// A digit after the separator makes it a different number: 4.5, 2:30, 1-10.
const textPattern = /^\s*([1-5])(?:\s*\/\s*5|\s*(?:stars?|points?))?\s*(?:[-–—:,.!](?!\d)\s*(.*))?$/isu;
const starsPattern = /^\s*((?:⭐️?|★){1,5})(?!⭐|★)☆*\s*(.*)$/su;

/**
 * Parses an answer to a survey: the payload of a button (`csat:4`, `csat:{case}:4`), or text such as `4`, `4 stars`,
 * `⭐⭐⭐⭐` or `5 - great`, where the rest is the comment.
 *
 * @returns `null` if it is not an answer.
 */
export function parseScore(input: {
  readonly text?: string | undefined;
  readonly payload?: string | undefined;
}): CsatAnswer | null {
  const pressed = payloadPattern.exec(input.payload ?? '')?.[2];
  if (pressed) return { score: Number(pressed) };
  const text = input.text ?? '';
  const written = textPattern.exec(text);
  if (written?.[1]) return withComment(Number(written[1]), written[2]);
  const stars = starsPattern.exec(text);
  if (stars?.[1]) return withComment([...stars[1].replaceAll('\uFE0F', '')].length, stars[2]);
  return null;
}

function withComment(score: number, comment: string | undefined): CsatAnswer {
  const trimmed = cutText(comment?.trim() ?? '', 2000);
  return trimmed ? { score, comment: trimmed } : { score };
}

/** The survey as a message: the question, with a quick reply for every score. */
export function surveyContent(question: string, caseId: number): MessageContent {
  const titles = ['1 😞', '2 🙁', '3 😐', '4 🙂', '5 😀'];
  return {
    text: question,
    quickReplies: titles.map((title, index) => ({ title, payload: `csat:${caseId}:${index + 1}` })),
  };
}

/** The reply to a survey answer; `{{score}}` in the text is replaced by the score. */
export function thanksContent(thanks: string, score: number): MessageContent {
  return { text: thanks.replaceAll('{{score}}', String(score)) };
}
