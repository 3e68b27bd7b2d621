import { call } from './api.ts';
import { type EventStream, openEventStream, type ReceivedEvent } from './event-stream.ts';
import { paint } from './paint.ts';
import { printMessage, printStep } from './print.ts';
import type { DemoServer } from './server.ts';
import { openStage } from './stage.ts';

/** Plays the conversation and prints it. */
export async function play(server: DemoServer): Promise<{ appId: number; sessionId: number }> {
  const { url } = server;
  const stage = await openStage(server, 'Demonstration');
  const { app, agent, agentToken } = stage;
  const visit = await call(url, 'POST', '/v1/visitors', {
    body: { appKey: app.key, profile: { name: 'Vera' } },
  });
  const visitor = (path: string, body: unknown) =>
    call(url, 'POST', path, { token: visit.accessToken, body });
  const sessionId: number = visit.session.id;
  const session = `private-session${sessionId}`;

  const desk = await openEventStream(url, {
    key: app.key,
    token: agentToken,
    channels: [session, 'private-queues'],
  });
  const widget = await openEventStream(url, { key: app.key, token: visit.accessToken, channels: [session] });
  try {
    console.log(paint('bold', '\nThe conversation, as pusher-js receives it\n'));
    await visitor('/v1/messages', { text: 'hello' });
    show('Vera', await posted(desk, 'hello'));
    show(
      'Bot',
      await replied(
        widget,
        'the bot',
        ({ sender, content }) => sender.type === 'bot' && /Hello Vera/.test(content.text),
      ),
    );
    await visitor('/v1/messages', { text: 'I want to talk to a human' });
    const { data } = await desk.until('the queue', ({ event }) => event === 'queue_created');
    show('Vera', await posted(desk, 'I want to talk to a human'));
    printStep(`queue item ${data.queueItem.id} waits in "${data.queueItem.queue}"`);

    const accepted = await agent('POST', `/v1/queue-items/${data.queueItem.id}/accept`);
    printStep(`Alex accepts it; the session is now ${accepted.session.path}`);
    await agent('POST', `/v1/sessions/${sessionId}/replies`, { text: 'Hello Vera, how can I help?' });
    show('Alex', await replied(widget, 'Alex', ({ sender }) => sender.type === 'agent'));
    await visitor('/v1/messages', { text: 'It works now, thank you!' });
    show('Vera', await posted(desk, 'It works now, thank you!'));

    const { case: closed } = await agent('POST', `/v1/cases/${data.queueItem.caseId}/close`, {
      disposition: 'resolved',
    });
    await widget.until('the closed case', ({ event }) => event === 'case_closed');
    printStep(`Alex closes case ${closed.id}: ${closed.disposition}`);
    await widget.until('the survey', ({ event }) => event === 'case_start');
    const survey = await replied(widget, 'the survey', ({ content }) =>
      /How did we do/.test(content.text ?? ''),
    );
    show('System', survey);
    await visitor('/v1/csat-answers', { score: 5, comment: 'Great!' });
    printStep('Vera rates it 5 of 5: "Great!"');
    show(
      'System',
      await replied(widget, 'the thanks', ({ id, sender }) => sender.type === 'system' && id > survey.id),
    );
    const { session: after } = await call(url, 'GET', '/v1/me', { token: visit.accessToken });
    printStep(`the session is back with the ${after.path}`);
    return { appId: app.id, sessionId };
  } finally {
    desk.stop();
    widget.stop();
    await stage.close();
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a message, as the payload has it
type Message = any;

async function posted(desk: EventStream, text: string): Promise<Message> {
  const isIt = ({ event, data }: ReceivedEvent) =>
    event === 'message_post' && data.message.content.text === text;
  return (await desk.until(`"${text}"`, isIt)).data.message;
}

async function replied(
  widget: EventStream,
  who: string,
  fits: (message: Message) => boolean,
): Promise<Message> {
  const isIt = ({ event, data }: ReceivedEvent) => event === 'message_reply' && fits(data.message);
  return (await widget.until(`a reply of ${who}`, isIt)).data.message;
}

function show(sender: string, message: Message): void {
  printMessage(sender, message.content.text);
}
