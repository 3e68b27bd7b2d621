import { setTimeout as delay } from 'node:timers/promises';
import type { EventStory, LoggedEvent } from '@mevrik/protocol';
import { call } from './api.ts';
import { paint } from './paint.ts';
import type { DemoServer } from './server.ts';

const patienceMs = 60_000;

/**
 * Prints a session's events in order: their positions in the log, their listeners, and how long those took.
 */
export async function readTimeline(
  server: DemoServer,
  { appId, sessionId }: { appId: number; sessionId: number },
): Promise<void> {
  const stories = await settledStories(server, `appId=${appId}&limit=100`);
  const begun = Date.parse(stories[0]?.event.occurredAt ?? '');
  console.log(paint('bold', `\nIts events (app ${appId}, session ${sessionId})\n`));
  for (const { event, listeners } of stories) {
    const after = `+${Date.parse(event.occurredAt) - begun} ms`.padStart(9);
    const position = `partition ${event.partition}, offset ${event.offset}`;
    console.log(
      `${paint('dim', after)}  ${paint('bold', event.type)}  ${paint('dim', position)}  ${gist(event)}`,
    );
    for (const { listener, outcome, durationMs, finishedAt } of listeners) {
      const isDone = outcome === 'done';
      const mark = isDone ? paint('green', '✓') : paint('yellow', outcome === 'skipped' ? '·' : '!');
      const took = durationMs === null ? outcome : `${durationMs.toFixed(1)} ms`;
      const since =
        finishedAt === null
          ? ''
          : `, ${Date.parse(finishedAt) - Date.parse(event.occurredAt)} ms after the event`;
      console.log(`           ${mark} ${listener.padEnd(28)} ${paint('dim', took + (isDone ? since : ''))}`);
    }
  }
  const count = stories.reduce((sum, { listeners }) => sum + listeners.length, 0);
  console.log(`\n${stories.length} events, handled by ${count} listener runs.\n`);
}

/** The stories of all matching events, oldest first, once every listener has handled them. */
async function settledStories({ url, token }: DemoServer, filter: string): Promise<readonly EventStory[]> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const { items } = await call(url, 'GET', `/v1/admin/events?${filter}`, { token });
    const events: LoggedEvent[] = items.toReversed();
    const stories: EventStory[] = await Promise.all(
      events.map(({ id }) => call(url, 'GET', `/v1/admin/events/${id}`, { token })),
    );
    const isSettled = stories.every(({ listeners }) =>
      listeners.every(({ outcome }) => outcome !== 'pending'),
    );
    if (isSettled) return stories;
    if (Date.now() > deadline) throw new Error('Some listeners have not handled their events yet.');
    await delay(100);
  }
}

/** A short description of an event. */
function gist({ data }: LoggedEvent): string {
  // biome-ignore lint/suspicious/noExplicitAny: data of every event
  const { message, newPath, queueItem, case: openedCase, survey, customer } = data as any;
  const said = message?.content.text ?? (message && `(${message.kind})`);
  const text =
    (said && `“${said.length > 44 ? `${said.slice(0, 43)}…` : said}”`) ??
    (newPath && `→ ${newPath}`) ??
    (queueItem && `item ${queueItem.id} in ${queueItem.queue}`) ??
    (openedCase && `case ${openedCase.id} ${openedCase.status}`) ??
    (survey && `survey ${survey.id}`) ??
    (customer && `customer ${customer.id}`) ??
    '';
  return paint('cyan', text);
}
