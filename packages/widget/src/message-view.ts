import type { Message } from '@mevrik/protocol';
import type { Conversation } from './conversation.ts';
import type { ConversationState } from './conversation-state.ts';
import { h, linked, safeUrl } from './dom.ts';
import { fileView, uploadView } from './file-view.ts';
import type { Words } from './locales/en.ts';
import { isSurvey } from './survey.ts';

/** What the log is made with. */
export interface LogView {
  readonly words: Words;
  readonly locale: string;
  readonly conversation: Conversation;
}

/** The conversation as it stands, from its oldest message to what is on its way. */
export function logOf(view: LogView, { messages, unsent, uploads, readId }: ConversationState): Node[] {
  const { words } = view;
  const nodes: Node[] = [];
  let before: Message | undefined;
  const lastMine = messages.findLast(({ isReply }) => !isReply);
  const last = messages.at(-1);
  for (const message of messages) {
    if (!before || localDay(before.createdAt) !== localDay(message.createdAt)) {
      nodes.push(h('div', { class: 'day' }, dayOf(view, message.createdAt)));
    }
    nodes.push(...linesOf(view, message, before, message === last && unsent.length === 0));
    if (message === lastMine && unsent.length === 0) {
      nodes.push(h('div', { class: 'meta mine' }, message.id <= readId ? words.read : words.sent));
    }
    before = message;
  }
  for (const { key, text, failed } of unsent) {
    nodes.push(h('div', { class: 'msg mine wait', dir: 'auto' }, text));
    nodes.push(
      failed
        ? h(
            'div',
            { class: 'meta mine bad', role: 'alert' },
            h(
              'button',
              { type: 'button', onclick: () => void view.conversation.outbox.retry() },
              words.failed,
            ),
            ' · ',
            h('button', { type: 'button', onclick: () => view.conversation.outbox.drop(key) }, words.drop),
          )
        : h('div', { class: 'meta mine' }, words.sending),
    );
  }
  for (const upload of uploads) nodes.push(...uploadView(view, upload));
  return nodes;
}

function linesOf(view: LogView, message: Message, before: Message | undefined, isLast: boolean): Node[] {
  const { words, locale } = view;
  const { content, kind, sender, isReply } = message;
  if (kind === 'video_call_request') return [h('div', { class: 'sys' }, words.videoAsked)];
  if (content.csat)
    return [h('div', { class: 'sys' }, `${'★'.repeat(content.csat.score)} ${words.rateThanks}`)];
  if (sender.type === 'system')
    return isSurvey(message) ? [] : [h('div', { class: 'sys', dir: 'auto' }, content.text ?? '')];
  const isFirst =
    before?.sender.type !== sender.type || before.sender.id !== sender.id || before.kind === 'system';
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' }).format(
    new Date(message.createdAt),
  );
  const nodes: Node[] = [];
  if (isFirst && isReply) {
    const name = sender.type === 'bot' ? words.bot : (sender.name ?? words.someone);
    nodes.push(h('div', { class: 'meta' }, `${name} · ${time}`));
  }
  const look = [
    'msg',
    isReply ? '' : 'mine',
    sender.type === 'bot' ? 'bot' : '',
    isFirst && !isReply ? 'first' : '',
  ];
  const files = (content.attachments ?? []).map((file) => fileView(file, words));
  nodes.push(
    h(
      'div',
      { class: look.filter(Boolean).join(' '), title: time, dir: 'auto' },
      ...linked(content.text ?? ''),
      ...files,
    ),
  );
  if (isReply) nodes.push(...choicesOf(view, message, isLast));
  return nodes;
}

/** Quick replies go when something else was said; buttons stay. */
function choicesOf({ conversation }: LogView, { content }: Message, isLast: boolean): Node[] {
  const choose = (kind: 'button' | 'quickReply', choice: { title: string; payload: string }) =>
    h(
      'button',
      {
        type: 'button',
        onclick: ({ currentTarget }: { currentTarget: HTMLButtonElement }) => {
          currentTarget.disabled = true;
          conversation.choose(kind, choice).catch(() => {
            currentTarget.disabled = false;
          });
        },
      },
      choice.title,
    );
  const nodes = [
    ...(content.buttons ?? []).map((button) =>
      'url' in button
        ? h('a', { href: safeUrl(button.url), target: '_blank', rel: 'noopener noreferrer' }, button.title)
        : choose('button', button),
    ),
    ...(isLast ? (content.quickReplies ?? []).map((choice) => choose('quickReply', choice)) : []),
  ];
  return nodes.length === 0 ? [] : [h('div', { class: 'choices' }, ...nodes)];
}

const localDay = (at: string) => new Date(at).toDateString();

function dayOf({ words, locale }: LogView, at: string): string {
  const start = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const date = new Date(at);
  const days = Math.round((start(new Date()) - start(date)) / 86_400_000);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  return new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' }).format(date);
}

/** That nobody is there, and when somebody is again. */
export function closedText(words: Words, locale: string, opensAt: string | null): string {
  if (opensAt === null) return words.closed;
  const day = new Intl.DateTimeFormat(locale, { weekday: 'short', hour: '2-digit', minute: '2-digit' });
  return `${words.closed} ${words.opens}: ${day.format(new Date(opensAt))}`;
}
