import { type BotState, cutText, type MessageContent, type MessageKind } from '@mevrik/protocol';
import { answerField } from './answer-field.ts';
import { initialBotState } from './bot-state.ts';
import type { FlowStep, FormField, HandoverTarget } from './flow-schema.ts';
import { hasPhrase, isHandoverRequest } from './handover-words.ts';
import type { BotFlow } from './parse-flow.ts';
import { type Placeholders, renderMenu, renderMessage, renderQuestion } from './render.ts';

/** A customer's message, as the bot sees it. */
export interface BotInput {
  readonly kind: MessageKind;
  readonly text?: string | undefined;
  /** The payload of a button or a quick reply. */
  readonly payload?: string | undefined;
}

/** A handover to an agent. */
export interface HandoverRequest extends HandoverTarget {
  /** Why, in one line for the agent. */
  readonly reason: string;
}

/** The bot's turn. */
export interface BotTurn {
  readonly replies: readonly MessageContent[];
  readonly state: BotState;
  readonly handover: HandoverRequest | null;
  /** The answers of a form that was completed in this turn. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

interface BotCustomer {
  readonly name: string | null;
}

/** After this many invalid answers to one question, the bot hands over. */
const maxTries = 3;

/** The greeting of a new session. */
export function greet(flow: BotFlow, customer: BotCustomer): readonly MessageContent[] {
  return flow.definition.greeting.map((message) => renderMessage(message, { customer, answers: {} }));
}

/**
 * The bot's turn. A quick reply or button answers the question of an open form, or runs its menu choice. A file without
 * text is acknowledged. A request for an agent is recognised everywhere, also inside a form. Then come the open form,
 * the intents in order, and the fallback. A pure function of flow, state and input.
 */
export function respond(
  flow: BotFlow,
  before: BotState | null,
  input: BotInput,
  customer: BotCustomer,
): BotTurn {
  const { askedAboutFile = false, ...state } = before ?? initialBotState;
  const interpretation = interpret(flow, before, input);
  switch (interpretation.as) {
    case 'file':
      return acknowledgeFile(flow, state, customer, askedAboutFile);
    case 'answer':
      return continueForm(flow, state, interpretation.text, customer);
    case 'choice':
      return runStep(
        flow,
        { ...state, form: null },
        interpretation.step,
        customer,
        'The customer chose a menu option that hands over to an agent.',
      );
    case 'handover':
      return handOver(flow, state, {}, customer, 'The customer asked for an agent.');
    case 'intent':
      return runStep(
        flow,
        state,
        interpretation.step,
        customer,
        `The flow hands over the intent "${interpretation.name}".`,
      );
    case 'nothing':
      return fallBack(flow, state, customer);
  }
}

/** How the bot interprets a message. */
export type Interpretation =
  | { readonly as: 'answer'; readonly form: string; readonly text: string }
  | { readonly as: 'choice'; readonly step: FlowStep }
  | { readonly as: 'file' }
  | { readonly as: 'handover' }
  | { readonly as: 'intent'; readonly name: string; readonly step: FlowStep }
  | { readonly as: 'nothing' };

/** Interprets a message, without acting on it. */
export function interpret(
  flow: BotFlow,
  before: BotState | null,
  { kind, text: written, payload }: BotInput,
): Interpretation {
  const state = before ?? initialBotState;
  const text = cutText(written ?? '', 10_000);
  const form = state.form?.name ?? '';
  if (payload !== undefined && openField(flow, state)?.choices?.includes(payload)) {
    return { as: 'answer', form, text: payload };
  }
  const pressed = payload === undefined ? undefined : flow.choices.get(payload);
  if (pressed) return { as: 'choice', step: pressed };
  if (kind === 'attachment' && payload === undefined && text.trim() === '') return { as: 'file' };
  if (isHandoverRequest(text, flow.definition.handover.words)) return { as: 'handover' };
  if (state.form) return { as: 'answer', form, text: payload ?? text };
  const intent = flow.definition.intents.find(
    ({ name, keywords }) =>
      hasPhrase(text, keywords) || flow.patterns.get(name)?.some((pattern) => pattern.matcher(text).find()),
  );
  return intent ? { as: 'intent', name: intent.name, step: intent } : { as: 'nothing' };
}

/** Runs a step: sends its replies, then goes to its menu or form, or hands over. */
function runStep(
  flow: BotFlow,
  before: BotState,
  step: FlowStep,
  customer: BotCustomer,
  reason: string,
): BotTurn {
  const state = { ...before, misunderstandings: 0 };
  const placeholders: Placeholders = { customer, answers: state.answers };
  const replies = step.replies.map((message) => renderMessage(message, placeholders));
  if (step.handover !== undefined) {
    const turn = handOver(flow, state, step.handover === true ? {} : step.handover, customer, reason);
    return { ...turn, replies: [...replies, ...turn.replies] };
  }
  const [kind, name = ''] = step.goto?.split('.') ?? [];
  if (kind === 'menu') {
    return turnOf({ ...state, form: null }, [...replies, ...renderMenu(flow.definition, name, placeholders)]);
  }
  const first = kind === 'form' ? flow.definition.forms[name]?.fields[0] : undefined;
  if (!first) return turnOf({ ...state, form: null }, replies);
  return turnOf({ ...state, form: { name, field: 0, tries: 0 } }, [
    ...replies,
    renderQuestion(first, placeholders),
  ]);
}

/**
 * Acknowledges a file without text, and asks what it is about: once, since several often arrive in a row. It counts as
 * neither understood nor misunderstood, and does not answer a form's question, which is repeated.
 */
function acknowledgeFile(flow: BotFlow, state: BotState, customer: BotCustomer, wasAsked: boolean): BotTurn {
  const { message, ...step } = flow.definition.files;
  const placeholders: Placeholders = { customer, answers: state.answers };
  const thanks = renderMessage(message, placeholders);
  const field = openField(flow, state);
  if (field) return turnOf(state, [thanks, renderQuestion(field, placeholders)]);
  if (wasAsked) return turnOf({ ...state, askedAboutFile: true }, [thanks]);
  const turn = runStep(flow, state, step, customer, 'The customer sent a file.');
  const replies = [thanks, ...turn.replies];
  if (turn.handover) return { ...turn, replies };
  const { misunderstandings } = state;
  return { ...turn, replies, state: { ...turn.state, misunderstandings, askedAboutFile: true } };
}

/** The open form, if the flow still has it; inherited names such as `constructor` are not forms. */
function openForm({ definition: { forms } }: BotFlow, { form }: BotState) {
  return form && Object.hasOwn(forms, form.name) ? forms[form.name] : undefined;
}

function openField(flow: BotFlow, state: BotState): FormField | undefined {
  return openForm(flow, state)?.fields[state.form?.field ?? 0];
}

function continueForm(flow: BotFlow, state: BotState, text: string, customer: BotCustomer): BotTurn {
  const progress = state.form;
  const form = openForm(flow, state);
  const field = openField(flow, state);
  // The flow was changed while the form was open.
  if (!progress || !form || !field) return fallBack(flow, { ...state, form: null }, customer);
  const answer = answerField(field, text);
  if (answer === undefined) {
    if (progress.tries + 1 >= maxTries) {
      return handOver(flow, state, {}, customer, `The customer gave no valid answer to "${field.name}".`);
    }
    const question = renderQuestion(field, { customer, answers: state.answers });
    const retry = { ...question, text: field.retry };
    return turnOf({ ...state, form: { ...progress, tries: progress.tries + 1 } }, [retry]);
  }
  const answers = { ...state.answers, [field.name]: answer };
  const next = form.fields[progress.field + 1];
  if (next) {
    const moved = { ...state, answers, form: { ...progress, field: progress.field + 1, tries: 0 } };
    return turnOf(moved, [renderQuestion(next, { customer, answers })]);
  }
  const collected = Object.fromEntries(
    form.fields.flatMap(({ name }) => (Object.hasOwn(answers, name) ? [[name, answers[name] ?? '']] : [])),
  );
  const turn = runStep(
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
  const placeholders: Placeholders = { customer, answers: state.answers };
  if (misunderstandings < fallback.after) {
    return turnOf(
      { ...state, misunderstandings },
      fallback.replies.map((reply) => renderMessage(reply, placeholders)),
    );
  }
  if (fallback.goto !== undefined) return runStep(flow, state, { ...fallback, replies: [] }, customer, '');
  const target = typeof fallback.handover === 'object' ? fallback.handover : {};
  return handOver(flow, state, target, customer, 'The bot did not understand the customer.');
}

function handOver(
  flow: BotFlow,
  state: BotState,
  target: HandoverTarget,
  customer: BotCustomer,
  reason: string,
): BotTurn {
  const { words: _words, message, ...defaultTarget } = flow.definition.handover;
  const notice = renderMessage(message, { customer, answers: state.answers });
  const closedState = { ...state, form: null, misunderstandings: 0 };
  return { ...turnOf(closedState, [notice]), handover: { ...defaultTarget, ...target, reason } };
}

function turnOf(state: BotState, replies: readonly MessageContent[]): BotTurn {
  return { replies, state, handover: null, attributes: {} };
}
