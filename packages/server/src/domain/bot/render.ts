import type { MessageContent } from '@mevrik/protocol';
import { truncate } from '../storable.ts';
import type { BotMessage, FlowDefinition, FormField } from './flow-schema.ts';
import { payloadOf } from './parse-flow.ts';

/** What may be filled in where a text says `{{…}}`. */
export interface Placeholders {
  readonly customer: { readonly name: string | null };
  readonly answers: Readonly<Record<string, string | number>>;
}

/** The longest text a message may have. */
const maxText = 10_000;

/** Something the bot says, as a message. */
export function renderMessage(said: BotMessage, fillings: Placeholders): MessageContent {
  if (typeof said === 'string') return { text: fill(said, fillings) };
  const { text, quickReplies, buttons, attachments } = said;
  return {
    ...(text === undefined ? {} : { text: fill(text, fillings) }),
    ...(quickReplies ? { quickReplies } : {}),
    ...(buttons ? { buttons } : {}),
    ...(attachments ? { attachments } : {}),
  };
}

/** A menu as a message: its text, with its choices under it. */
export function renderMenu(flow: FlowDefinition, name: string, fillings: Placeholders): MessageContent[] {
  const menu = flow.menus[name];
  if (!menu) return [];
  const choices = menu.choices.map(({ title, payload }, index) => ({
    title,
    payload: payloadOf(name, index, payload),
  }));
  const under = menu.as === 'buttons' ? { buttons: choices } : { quickReplies: choices };
  return [{ text: fill(menu.text, fillings), ...under }];
}

/** The question for a field of a form. */
export function renderQuestion(field: FormField, fillings: Placeholders): MessageContent {
  const quickReplies = field.choices?.map((title) => ({ title, payload: title }));
  return { text: fill(field.ask, fillings), ...(quickReplies ? { quickReplies } : {}) };
}

/** Fills in what is known; what is not leaves neither the braces nor the space before them. */
function fill(text: string, { customer, answers }: Placeholders): string {
  const filled = text.replace(
    /( ?)\{\{\s*(?:customer\.name|answers\.([\w-]+))\s*\}\}/g,
    (_match, space, answer?: string) => {
      const known =
        answer === undefined ? customer.name : Object.hasOwn(answers, answer) ? answers[answer] : null;
      return known === null || known === undefined ? '' : `${space}${known}`;
    },
  );
  return truncate(filled, maxText);
}
