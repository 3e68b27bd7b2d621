import type { Message } from '@mevrik/protocol';
import { type ConversationState, type OutboxMessage, pendingMessages } from './conversation-state.ts';
import { h, linkify, safeUrl } from './dom.ts';
import { fileView, uploadView } from './file-view.ts';
import type { LogContext } from './log-context.ts';
import type { LogEntry } from './message-log.ts';
import { starsText } from './rating-card.ts';
import { isSurvey } from './survey.ts';

/** The log entries of a conversation: messages, then unsent messages and uploads. */
export function logEntries(view: LogContext, state: ConversationState): LogEntry[] {
  const { messages, uploads, readId } = state;
  const unsent = pendingMessages(state);
  const { words } = view.language;
  const lines: LogEntry[] = [];
  let before: Message | undefined;
  const lastMine = messages.findLast(({ isReply }) => !isReply);
  // System messages do not count as an answer to quick replies.
  const last = messages.findLast(({ sender }) => sender.type !== 'system');
  for (const message of messages) {
    if (!before || localDay(before.createdAt) !== localDay(message.createdAt)) {
      const day = dayOf(view, message.createdAt);
      lines.push({ key: `day ${message.id} ${day}`, make: () => h('div', { class: 'day' }, day) });
    }
    lines.push(...messageEntries(view, message, before, message === last && unsent.length === 0));
    if (message === lastMine && unsent.length === 0) {
      const how = message.id <= readId ? words.read : words.sent;
      lines.push({ key: `${how} ${message.id}`, make: () => h('div', { class: 'meta mine' }, how) });
    }
    before = message;
  }
  for (const one of unsent) lines.push(...unsentEntries(view, one));
  for (const upload of uploads) lines.push(uploadView(view, upload));
  return lines;
}

function unsentEntries(
  { language: { words }, conversation: { outbox } }: LogContext,
  one: OutboxMessage,
): LogEntry[] {
  const { key, text, failed } = one;
  const act = (label: string, work: () => void) => h('button', { type: 'button', onclick: work }, label);
  return [
    { key, make: () => h('div', { class: 'msg mine wait', dir: 'auto' }, text) },
    failed
      ? {
          key: `${key} failed`,
          make: () =>
            h(
              'div',
              { class: 'meta mine bad', role: 'alert' },
              act(words.sendFailed, () => void outbox.retry()),
              ' · ',
              act(words.discard, () => outbox.drop(key)),
            ),
        }
      : { key: `${key} sending`, make: () => h('div', { class: 'meta mine' }, words.sending) },
  ];
}

function messageEntries(
  view: LogContext,
  message: Message,
  before: Message | undefined,
  isLast: boolean,
): LogEntry[] {
  const { words, locale } = view.language;
  const { id, content, kind, sender, isReply } = message;
  const version = JSON.stringify(content);
  const systemLine = (text: string, label?: string) => [
    {
      key: `${id} ${version}`,
      make: () =>
        h(
          'div',
          { class: 'sys', dir: 'auto' },
          label === undefined ? text : h('span', { role: 'img', 'aria-label': label }, text),
          label === undefined ? '' : ` ${words.ratingThanks}`,
        ),
    },
  ];
  if (kind === 'video_call_request') return systemLine(words.videoRequested);
  if (content.csat)
    return systemLine('★'.repeat(content.csat.score), starsText(content.csat.score, view.language));
  if (sender.type === 'system') return isSurvey(message) ? [] : systemLine(content.text ?? '');
  const isFirst =
    before?.sender.type !== sender.type || before.sender.id !== sender.id || before.kind === 'system';
  const time = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' }).format(
    new Date(message.createdAt),
  );
  const lines: LogEntry[] = [];
  if (isFirst && isReply) {
    const name = sender.type === 'bot' ? words.bot : (sender.name ?? words.agent);
    lines.push({
      key: `${id} by ${name}`,
      make: () => h('div', { class: 'meta first' }, h('bdi', {}, name), ` · ${time}`),
    });
  }
  const classes = [
    'msg',
    isReply ? '' : 'mine',
    sender.type === 'bot' ? 'bot' : '',
    isFirst && !isReply ? 'first' : '',
  ].filter(Boolean);
  lines.push({
    key: `${id} ${classes} ${version}`,
    make: () =>
      h(
        'div',
        { class: classes.join(' '), title: time, dir: 'auto' },
        ...linkify(content.text ?? ''),
        ...(content.attachments ?? []).map((file) => fileView(file, view.language)),
      ),
  });
  if (isReply) lines.push(...choicesOf(view, message, isLast));
  return lines;
}

/** Quick replies disappear after the next message; buttons stay. */
function choicesOf({ conversation }: LogContext, { id, content }: Message, isLast: boolean): LogEntry[] {
  const { buttons = [], quickReplies = [] } = content;
  const quick = isLast ? quickReplies : [];
  if (buttons.length + quick.length === 0) return [];
  const choose = (kind: 'button' | 'quickReply', choice: { title: string; payload: string }) =>
    h(
      'button',
      {
        type: 'button',
        dir: 'auto',
        onclick: ({ currentTarget }: { currentTarget: HTMLButtonElement }) => {
          currentTarget.disabled = true;
          conversation.choose(kind, choice).then(
            () => {
              currentTarget.disabled = false;
            },
            () => {
              // The customer can try again.
              currentTarget.disabled = false;
            },
          );
        },
      },
      choice.title,
    );
  const make = () =>
    h(
      'div',
      { class: 'choices' },
      ...buttons.map((button) =>
        'url' in button
          ? h('a', { href: safeUrl(button.url), target: '_blank', rel: 'noopener noreferrer' }, button.title)
          : choose('button', button),
      ),
      ...quick.map((choice) => choose('quickReply', choice)),
    );
  return [{ key: `${id} choices ${isLast} ${JSON.stringify([buttons, quick])}`, make }];
}

const localDay = (at: string) => new Date(at).toDateString();

function dayOf({ language: { words, locale } }: LogContext, at: string): string {
  const start = (date: Date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const date = new Date(at);
  const days = Math.round((start(new Date()) - start(date)) / 86_400_000);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  return new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' }).format(date);
}
