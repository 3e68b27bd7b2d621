import type { MessageContent, MessageKind } from '@mevrik/protocol';
import { answerField } from './answer-field.ts';
import { type BotState, initialBotState } from './bot-state.ts';
import type { FlowStep, FormField, HandoverTarget } from './flow-schema.ts';
import { hasPhrase, isHandoverRequest } from './handover-words.ts';
import type { BotFlow } from './parse-flow.ts';
import { type Placeholders, renderMenu, renderMessage, renderQuestion } from './render.ts';

/** What a customer did, as far as the bot cares. */
export interface BotInput {
  readonly kind: MessageKind;
  readonly text?: string | undefined;
  /** Of a button or a quick reply. */
  readonly payload?: string | undefined;
}

/** A wish for a person, with what the flow knows about which. */
export interface HandoverRequest extends HandoverTarget {
  /** One line for the agent. */
  readonly reason: string;
}

/** What the bot does in its turn. */
export interface BotTurn {
  readonly replies: readonly MessageContent[];
  readonly state: BotState;
  readonly handover: HandoverRequest | null;
  /** Answers collected by a form that is now complete. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

interface BotCustomer {
  readonly name: string | null;
}

/** More wrong answers to one question hand the conversation over. */
const maxTries = 3;

/** What the bot says to a new session. */
export function greet(flow: BotFlow, customer: BotCustomer): readonly MessageContent[] {
  return flow.definition.greeting.map((said) => renderMessage(said, { customer, answers: {} }));
}

/**
 * The bot's turn: a press answers the form's question under which it stands, or does what its menu's choice says; a
 * file without words is thanked for; a wish for a person is heard everywhere, also inside a form; then come the form's
 * question, the intents in their order, and the fallback. A pure function: the same flow, state and input give the same
 * turn.
 */
export function respond(
  flow: BotFlow,
  before: BotState | null,
  input: BotInput,
  customer: BotCustomer,
): BotTurn {
  const { askedAboutFile = false, ...state } = before ?? initialBotState;
  const heard = interpret(flow, before, input);
  switch (heard.as) {
    case 'file':
      return takeFile(flow, state, customer, askedAboutFile);
    case 'answer':
      return continueForm(flow, state, heard.text, customer);
    case 'choice':
      return take(flow, { ...state, form: null }, heard.step, customer, 'The customer chose this in a menu.');
    case 'wish':
      return handOver(flow, state, {}, customer, 'The customer asked to talk to a person.');
    case 'intent':
      return take(flow, state, heard.step, customer, `The flow hands over the intent "${heard.name}".`);
    case 'nothing':
      return fallBack(flow, state, customer);
  }
}

/** What the bot takes an input for. */
export type Interpretation =
  | { readonly as: 'answer'; readonly form: string; readonly text: string }
  | { readonly as: 'choice'; readonly step: FlowStep }
  | { readonly as: 'file' }
  | { readonly as: 'wish' }
  | { readonly as: 'intent'; readonly name: string; readonly step: FlowStep }
  | { readonly as: 'nothing' };

/** What the bot takes an input for, before it does anything about it. */
export function interpret(
  flow: BotFlow,
  before: BotState | null,
  { kind, text: said, payload }: BotInput,
): Interpretation {
  const state = before ?? initialBotState;
  const text = (said ?? '').slice(0, 10_000);
  const form = state.form?.name ?? '';
  if (payload !== undefined && openField(flow, state)?.choices?.includes(payload)) {
    return { as: 'answer', form, text: payload };
  }
  const pressed = payload === undefined ? undefined : flow.choices.get(payload);
  if (pressed) return { as: 'choice', step: pressed };
  if (kind === 'attachment' && payload === undefined && text.trim() === '') return { as: 'file' };
  if (isHandoverRequest(text, flow.definition.handover.words)) return { as: 'wish' };
  if (state.form) return { as: 'answer', form, text: payload ?? text };
  const intent = flow.definition.intents.find(
    ({ name, keywords }) =>
      hasPhrase(text, keywords) || flow.patterns.get(name)?.some((pattern) => pattern.matcher(text).find()),
  );
  return intent ? { as: 'intent', name: intent.name, step: intent } : { as: 'nothing' };
}

/** Says what a step says and goes where it goes. */
function take(
  flow: BotFlow,
  before: BotState,
  step: FlowStep,
  customer: BotCustomer,
  reason: string,
): BotTurn {
  const state = { ...before, misunderstandings: 0 };
  const fillings: Placeholders = { customer, answers: state.answers };
  const replies = step.replies.map((said) => renderMessage(said, fillings));
  if (step.handover !== undefined) {
    const turn = handOver(flow, state, step.handover === true ? {} : step.handover, customer, reason);
    return { ...turn, replies: [...replies, ...turn.replies] };
  }
  const [kind, name = ''] = step.goto?.split('.') ?? [];
  if (kind === 'menu') {
    return turnOf({ ...state, form: null }, [...replies, ...renderMenu(flow.definition, name, fillings)]);
  }
  const first = kind === 'form' ? flow.definition.forms[name]?.fields[0] : undefined;
  if (!first) return turnOf({ ...state, form: null }, replies);
  return turnOf({ ...state, form: { name, field: 0, tries: 0 } }, [
    ...replies,
    renderQuestion(first, fillings),
  ]);
}

/**
 * Thanks for a file that came without words, and asks what it is about: once, since several often come in a row. It is
 * neither understood nor misunderstood, and no answer to a form's question, which is asked anew.
 */
function takeFile(flow: BotFlow, state: BotState, customer: BotCustomer, wasAsked: boolean): BotTurn {
  const { message, ...step } = flow.definition.files;
  const fillings: Placeholders = { customer, answers: state.answers };
  const thanks = renderMessage(message, fillings);
  const field = openField(flow, state);
  if (field) return turnOf(state, [thanks, renderQuestion(field, fillings)]);
  if (wasAsked) return turnOf({ ...state, askedAboutFile: true }, [thanks]);
  const turn = take(flow, state, step, customer, 'The customer sent a file.');
  const replies = [thanks, ...turn.replies];
  if (turn.handover) return { ...turn, replies };
  const { misunderstandings } = state;
  return { ...turn, replies, state: { ...turn.state, misunderstandings, askedAboutFile: true } };
}

/** The form that is being filled in, if the flow still has it; names such as `constructor` are no forms. */
function openForm({ definition: { forms } }: BotFlow, { form }: BotState) {
  return form && Object.hasOwn(forms, form.name) ? forms[form.name] : undefined;
}

function openField(flow: BotFlow, state: BotState): FormField | undefined {
  return openForm(flow, state)?.fields[state.form?.field ?? 0];
}

function continueForm(flow: BotFlow, state: BotState, text: string, customer: BotCustomer): BotTurn {
  const place = state.form;
  const form = openForm(flow, state);
  const field = openField(flow, state);
  // The flow was changed while somebody was in the middle of it.
  if (!place || !form || !field) return fallBack(flow, { ...state, form: null }, customer);
  const answer = answerField(field, text);
  if (answer === undefined) {
    if (place.tries + 1 >= maxTries) {
      return handOver(flow, state, {}, customer, `The customer gave no valid answer to "${field.name}".`);
    }
    const question = renderQuestion(field, { customer, answers: state.answers });
    const retry = { ...question, text: field.retry };
    return turnOf({ ...state, form: { ...place, tries: place.tries + 1 } }, [retry]);
  }
  const answers = { ...state.answers, [field.name]: answer };
  const next = form.fields[place.field + 1];
  if (next) {
    const moved = { ...state, answers, form: { ...place, field: place.field + 1, tries: 0 } };
    return turnOf(moved, [renderQuestion(next, { customer, answers })]);
  }
  const collected = Object.fromEntries(
    form.fields.flatMap(({ name }) => (Object.hasOwn(answers, name) ? [[name, answers[name] ?? '']] : [])),
  );
  const turn = take(
    flow,
    { ...state, answers, form: null },
    form.done,
    customer,
    'The customer completed the form.',
  );
  return { ...turn, attributes: collected };
}

function fallBack(flow: BotFlow, state: BotState, customer: BotCustomer): BotTurn {
  const { fallback } = flow.definition;
  const misunderstandings = state.misunderstandings + 1;
  const fillings: Placeholders = { customer, answers: state.answers };
  if (misunderstandings < fallback.after) {
    return turnOf(
      { ...state, misunderstandings },
      fallback.replies.map((said) => renderMessage(said, fillings)),
    );
  }
  if (fallback.goto !== undefined) return take(flow, state, { ...fallback, replies: [] }, customer, '');
  const wish = typeof fallback.handover === 'object' ? fallback.handover : {};
  return handOver(flow, state, wish, customer, 'The bot did not understand the customer.');
}

function handOver(
  flow: BotFlow,
  state: BotState,
  wish: HandoverTarget,
  customer: BotCustomer,
  reason: string,
): BotTurn {
  const { words: _words, message, ...usual } = flow.definition.handover;
  const said = renderMessage(message, { customer, answers: state.answers });
  const rested = { ...state, form: null, misunderstandings: 0 };
  return { ...turnOf(rested, [said]), handover: { ...usual, ...wish, reason } };
}

function turnOf(state: BotState, replies: readonly MessageContent[]): BotTurn {
  return { replies, state, handover: null, attributes: {} };
}
