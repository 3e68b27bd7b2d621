import { MevrikError } from '@mevrik/client';
import type { OfflineMessage, StoredOfflineMessage } from '@mevrik/protocol';
import type { PreChatField } from './config.ts';
import type { Identity } from './conversation-state.ts';
import { h, icon } from './dom.ts';
import type { Words } from './locales/en.ts';

/** A form field. */
interface Field {
  readonly name: string;
  readonly label: string;
  readonly kind: 'area' | 'email' | 'tel' | 'text';
  readonly isRequired: boolean;
  readonly maxLength: number;
}

interface Form {
  readonly words: Words;
  readonly title?: string;
  readonly text?: string;
  readonly fields: readonly Field[];
  readonly action: string;
  /** Submits the values. If it rejects, the entered values stay and invalid fields are marked. */
  readonly onDone: (values: Readonly<Record<string, string>>) => Promise<void>;
  readonly more?: HTMLElement;
}

/** A form card that shows errors beside its fields and keeps the entered values until submitted. */
function formCard({ words, title, text, fields, action, onDone, more }: Form): HTMLElement {
  const inputs = fields.map((field) => inputOf(field));
  const fieldErrors = inputs.map((input) =>
    h('span', { class: 'error', id: `${input.id}-error`, hidden: true }),
  );
  const formError = h('div', { class: 'error', role: 'alert', hidden: true });
  const send = h('button', { class: 'big', type: 'submit' }, action);
  const setFieldError = (at: number, problem: string) =>
    describeProblem(inputs[at], fieldErrors[at], problem);
  const showErrors = (error: unknown) => {
    const paths = error instanceof MevrikError ? (error.fields ?? []).map(({ path }) => path) : [];
    const invalid = inputs.flatMap((_, at) =>
      paths.some((path) => path.split('.').includes(fields[at]?.name ?? '')) ? [at] : [],
    );
    for (const at of invalid)
      setFieldError(at, fields[at]?.kind === 'email' ? words.invalidEmail : words.invalid);
    formError.textContent = invalid.length > 0 ? '' : words.submitFailed;
    formError.hidden = invalid.length > 0;
    inputs[invalid[0] ?? -1]?.focus();
  };
  const submit = async () => {
    if (send.disabled) return;
    const problems = inputs.map((input, at) => problemOf(input, fields[at], words));
    problems.forEach((what, at) => {
      setFieldError(at, what);
    });
    const first = problems.findIndex((what) => what !== '');
    if (first >= 0) return inputs[first]?.focus();
    formError.hidden = true;
    send.disabled = true;
    try {
      await onDone(
        Object.fromEntries(
          inputs.flatMap(({ name, value }) => (value.trim() === '' ? [] : [[name, value.trim()]])),
        ),
      );
    } catch (error) {
      showErrors(error);
    } finally {
      send.disabled = false;
    }
  };
  return h(
    'form',
    {
      class: 'card',
      novalidate: true,
      ...(title === undefined ? {} : { 'aria-labelledby': 'form' }),
      onsubmit: (event: Event) => {
        event.preventDefault();
        void submit();
      },
    },
    title !== undefined && h('b', { id: 'form' }, title),
    text !== undefined && h('p', {}, text),
    ...inputs.map((input, at) => {
      const { label, isRequired } = fields[at] as Field;
      const name = h('span', {}, `${label}${isRequired ? '' : ` ${words.optional}`}`);
      // The error describes the field and is not part of its label.
      return h('div', { class: 'field' }, h('label', {}, name, input), fieldErrors[at]);
    }),
    formError,
    send,
    more,
  );
}

type Input = HTMLInputElement | HTMLTextAreaElement;

/** What is wrong with an input; empty if nothing is. */
function problemOf(input: Input, field: Field | undefined, words: Words): string {
  const isEmpty = input.value.trim() === '';
  if (isEmpty) return field?.isRequired ? words.required : '';
  return input.validity.typeMismatch ? words.invalidEmail : '';
}

/** Shows a problem beside its input, or clears it. */
function describeProblem(input: Input | undefined, error: HTMLElement | undefined, problem: string): void {
  if (!input || !error) return;
  error.textContent = problem;
  error.hidden = problem === '';
  input.setAttribute('aria-invalid', String(problem !== ''));
  if (problem === '') input.removeAttribute('aria-describedby');
  else input.setAttribute('aria-describedby', error.id);
}

const completions = { name: 'name', email: 'email', phone: 'tel' } as Record<string, string>;

function inputOf({ name, kind, isRequired, maxLength }: Field): Input {
  const props = {
    id: `f-${name.replace(/[^\w-]/g, '_')}`,
    name,
    dir: kind === 'email' || kind === 'tel' ? 'ltr' : 'auto',
    'aria-required': String(isRequired),
    maxlength: maxLength,
  };
  if (kind === 'area') return h('textarea', { ...props, rows: 4 });
  return h('input', { ...props, type: kind, autocomplete: completions[name] ?? 'off' });
}

const aboutName = { name: 'name', kind: 'text', maxLength: 200 } as const;
const aboutEmail = { name: 'email', kind: 'email', maxLength: 320 } as const;

/** The pre-chat fields. */
export function preChatCard(
  words: Words,
  asked: readonly PreChatField[],
  onDone: (who: Identity) => Promise<void>,
): HTMLElement {
  const fields = asked.map(({ name, isRequired }): Field => {
    if (name === 'name') return { ...aboutName, label: words.name, isRequired };
    if (name === 'email') return { ...aboutEmail, label: words.email, isRequired };
    if (name === 'phone') return { name, label: words.phone, kind: 'tel', maxLength: 32, isRequired };
    return { name, label: name, kind: 'text', maxLength: 1000, isRequired };
  });
  return formCard({
    words,
    fields,
    action: words.start,
    onDone({ name, email, phone, ...attributes }) {
      return onDone({
        ...(name === undefined ? {} : { name }),
        ...(email === undefined ? {} : { email }),
        ...(phone === undefined ? {} : { phone }),
        ...(Object.keys(attributes).length === 0 ? {} : { attributes }),
      });
    },
  });
}

/** The offline form, with a link to the chat. */
export function offlineCard(
  words: Words,
  onDone: (message: OfflineMessage) => Promise<void>,
  onChat: () => void,
): HTMLElement {
  const isRequired = true;
  return formCard({
    words,
    title: words.leaveMessage,
    text: words.leaveMessageText,
    fields: [
      { ...aboutName, label: words.name, isRequired },
      { ...aboutEmail, label: words.email, isRequired },
      { name: 'text', label: words.message, kind: 'area', maxLength: 5000, isRequired },
    ],
    action: words.sendMessage,
    onDone: ({ name = '', email = '', text = '' }) => onDone({ name, email, text }),
    more: h('button', { class: 'plain', type: 'button', onclick: onChat }, words.goToChat),
  });
}

/** Confirms that an offline message was sent. */
export function messageSentCard(
  words: Words,
  { email, caseId }: { readonly email: string } & Pick<StoredOfflineMessage, 'caseId'>,
  onChat: () => void,
): HTMLElement {
  return h(
    'div',
    { class: 'card submitted', role: 'status', tabindex: -1 },
    icon('done'),
    h('b', {}, words.messageSent),
    h('p', { dir: 'auto' }, words.messageSentText.replace('{email}', email)),
    caseId !== null && h('p', {}, words.reference.replace('{n}', `#${caseId}`)),
    h('button', { class: 'plain', type: 'button', onclick: onChat }, words.goToChat),
  );
}
