import { cutText, type MessageContent } from '@mevrik/protocol';
import type { BotMessage, FlowDefinition, FormField } from './flow-schema.ts';
import { payloadOf } from './parse-flow.ts';

/** Values for the `{{…}}` placeholders of a text. */
export interface Placeholders {
  readonly customer: { readonly name: string | null };
  readonly answers: Readonly<Record<string, string | number>>;
}

/** The longest text of a message, in characters. */
const maxText = 10_000;

/** Renders a bot message. */
export function renderMessage(message: BotMessage, placeholders: Placeholders): MessageContent {
  if (typeof message === 'string') return { text: fill(message, placeholders) };
  const { text, quickReplies, buttons, attachments } = message;
  return {
    ...(text === undefined ? {} : { text: fill(text, placeholders) }),
    ...(quickReplies ? { quickReplies } : {}),
    ...(buttons ? { buttons } : {}),
    ...(attachments ? { attachments } : {}),
  };
}

/** Renders a menu: its text with its choices below. */
export function renderMenu(flow: FlowDefinition, name: string, placeholders: Placeholders): MessageContent[] {
  const menu = flow.menus[name];
  if (!menu) return [];
  const choices = menu.choices.map(({ title, payload }, index) => ({
    title,
    payload: payloadOf(name, index, payload),
  }));
  const choiceFields = menu.as === 'buttons' ? { buttons: choices } : { quickReplies: choices };
  return [{ text: fill(menu.text, placeholders), ...choiceFields }];
}

/** Renders the question of a form field. */
export function renderQuestion(field: FormField, placeholders: Placeholders): MessageContent {
  const quickReplies = field.choices?.map((title) => ({ title, payload: title }));
  return { text: fill(field.ask, placeholders), ...(quickReplies ? { quickReplies } : {}) };
}

/** Fills the placeholders. One without a value disappears, with the space before it. */
function fill(text: string, { customer, answers }: Placeholders): string {
  const filled = text.replace(
    /( ?)\{\{\s*(?:customer\.name|answers\.([\w-]+))\s*\}\}/g,
    (_match, space, answer?: string) => {
      const value =
        answer === undefined ? customer.name : Object.hasOwn(answers, answer) ? answers[answer] : null;
      return value === null || value === undefined ? '' : `${space}${value}`;
    },
  );
  return cutText(filled, maxText);
}
