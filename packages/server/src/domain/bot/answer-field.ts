import { z } from 'zod';
import type { FormField } from './flow-schema.ts';

/** The longest accepted answer, in characters. */
const maxAnswer = 1000;

/** Parses the answer to a form field; `undefined` if it is invalid. */
export function answerField(field: FormField, text: string): string | number | undefined {
  const answer = text.trim();
  if (answer === '' || answer.length > maxAnswer) return undefined;
  switch (field.type) {
    case 'email':
      return z.email().max(320).safeParse(answer).data;
    case 'phone':
      return /^\+?[\d\s()./-]{6,32}$/.test(answer) ? answer : undefined;
    case 'number': {
      const number = Number(answer.replace(',', '.'));
      return Number.isFinite(number) ? number : undefined;
    }
    case 'choice':
      return field.choices?.find((choice) => choice.toLowerCase() === answer.toLowerCase());
    default:
      return answer;
  }
}
