import { z } from 'zod';
import type { FormField } from './flow-schema.ts';

/** The longest answer that is kept. */
const maxAnswer = 1000;

/** Reads an answer to a form's question; `undefined` where it does not fit. */
export function answerField(field: FormField, text: string): string | number | undefined {
  const said = text.trim();
  if (said === '' || said.length > maxAnswer) return undefined;
  switch (field.type) {
    case 'email':
      return z.email().max(320).safeParse(said).data;
    case 'phone':
      return /^\+?[\d\s()./-]{6,32}$/.test(said) ? said : undefined;
    case 'number': {
      const number = Number(said.replace(',', '.'));
      return Number.isFinite(number) ? number : undefined;
    }
    case 'choice':
      return field.choices?.find((choice) => choice.toLowerCase() === said.toLowerCase());
    default:
      return said;
  }
}
