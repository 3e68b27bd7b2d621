import { call } from './api.ts';
import { openEventStream } from './event-stream.ts';
import { paint } from './paint.ts';
import { printMessage, printStep } from './print.ts';
import type { DemoServer } from './server.ts';
import { openStage } from './stage.ts';

const page = {
  pageId: '900900',
  appSecret: 'the-secret-of-the-demonstration',
  verifyToken: 'the-demonstration',
  pageToken: 'the-token-of-the-demonstration',
};
const patienceMs = 60_000;

/**
 * Plays a conversation on Messenger and one under a post: Facebook's events arrive as signed webhooks, and
 * our replies are shown as Facebook received them.
 */
export async function playFacebook(server: DemoServer): Promise<void> {
  const { url, standInUrl } = server;
  if (standInUrl === null) {
    console.log(paint('dim', 'Skipping Facebook: set MEVRIK_STAND_IN to the URL of its stand-in.\n'));
    return;
  }
  const outside = (method: string, path: string, body?: unknown) =>
    call(standInUrl, method, `/stand-in/${path}`, { body });
  const stage = await openStage(server, 'Demonstration on Facebook');
  const { app, agentToken } = stage;
  await connectPage(url, stage, outside);
  const desk = await openEventStream(url, { key: app.key, token: agentToken, channels: ['private-queues'] });

  try {
    console.log(paint('bold', '\nThe same on Facebook\n'));
    const scene = { url, stage, desk, outside };
    const item = await playMessage(scene);
    await playComment(scene, item);
  } finally {
    desk.stop();
    await stage.close();
  }
}

type Outside = (method: string, path: string, body?: unknown) => ReturnType<typeof call>;

/** What a scene needs. */
interface Scene {
  readonly url: string;
  readonly stage: Awaited<ReturnType<typeof openStage>>;
  readonly desk: Awaited<ReturnType<typeof openEventStream>>;
  /** Calls the stand-in. */
  readonly outside: Outside;
}

/** Connects the page to the app, and the stand-in to the page. */
async function connectPage(url: string, { app, admin }: Scene['stage'], outside: Outside): Promise<void> {
  await admin('PUT', `/v1/admin/apps/${app.id}/channels/page`, { kind: 'facebook', settings: page });
  const delivery = { firstDelayMs: 200, longestDelayMs: 1_000 };
  await admin('PATCH', `/v1/admin/apps/${app.id}`, {
    settings: { welcome: false, caseOpenedText: 'You’re in the queue.', delivery },
  });
  const rules = [{ name: 'Facebook goes to agents', when: 'channel.kind == "facebook"', action: 'queue' }];
  await admin('PUT', `/v1/admin/apps/${app.id}/rules`, { rules });
  const { pageId, appSecret } = page;
  const address = `${url}/webhooks/facebook/${app.key}/page`;
  await outside('POST', 'subscription', { address, appSecret, pageId });
}

/** A customer writes on Messenger; the reply is sent again after an error. @returns the queue item. */
async function playMessage(scene: Scene): Promise<number> {
  const { url, stage, outside } = scene;
  const { app, agent, agentToken } = stage;
  const response = await outside('POST', 'message', { person: 'vera', text: 'Do you have it in blue?' });
  printMessage('Vera', 'Do you have it in blue?');
  printStep(`the signed webhook is answered with ${response.status} before it is processed`);
  const thread = await accept(scene, 0);
  const live = await openEventStream(url, {
    key: app.key,
    token: agentToken,
    channels: [`private-session${thread.id}`],
  });
  await accepted(outside, 'You’re in the queue.');
  await outside('POST', 'failure', { does: 'refuse', code: 2, status: 500 });
  const { message } = await agent('POST', `/v1/sessions/${thread.id}/replies`, {
    text: 'Blue and green.',
    quickReplies: [
      { title: 'Blue', payload: 'blue' },
      { title: 'Green', payload: 'green' },
    ],
  });
  printMessage('Alex', 'Blue and green.  [Blue] [Green]');
  printStep('Facebook fails once, so the reply is sent again; this is what Facebook accepted:');
  const [answer] = await accepted(outside, 'Blue and green.');
  for (const line of JSON.stringify(answer.body, null, 2).split('\n'))
    console.log(`          ${paint('dim', '│')} ${line}`);
  const { data } = await live.until(
    'that it was read',
    ({ event, data }) =>
      event === 'message_status' && data.messageId === message.id && data.status === 'read',
  );
  live.stop();
  printStep(`message ${data.messageId} is ${data.status}, as Vera’s Messenger reports`);
  const { items } = await agent('GET', `/v1/messages/${data.messageId}/deliveries`);
  printStep(
    `its attempts: ${items[0].attempts.map(({ outcome }: { outcome: string }) => outcome).join(', ')}`,
  );
  return thread.item;
}

/** A customer comments under a post, and gets a public and a private reply. */
async function playComment(scene: Scene, before: number): Promise<void> {
  const { outside, stage } = scene;
  const { agent } = stage;
  const { pageId } = page;
  await outside('POST', 'post', { id: `${pageId}_1`, message: 'The autumn collection is here.' });
  await outside('POST', 'comment', {
    person: 'carl',
    name: 'Carl',
    text: 'How much is it?',
    postId: `${pageId}_1`,
  });
  printMessage('Carl', 'How much is it?  (a public comment under a post)');
  const comment = await accept(scene, before);
  await agent('POST', `/v1/sessions/${comment.id}/replies`, { text: 'It is 49, Carl.' });
  const [open] = await accepted(outside, 'It is 49, Carl.');
  printMessage('Alex', 'It is 49, Carl.');
  printStep(`posted under the comment, at /${open.page}/${open.edge}`);
  await agent('POST', `/v1/sessions/${comment.id}/replies`, { text: 'Here is 10% off.', privately: true });
  const [secret] = await accepted(outside, 'Here is 10% off.');
  printMessage('Alex', 'Here is 10% off.');
  printStep(`sent to Carl only, as the one private reply to the comment (/${secret.edge})`);
}

/** What Facebook has accepted for a contact or under a comment. */
async function accepted(outside: Outside, text: string) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const all = await outside('GET', 'accepted');
    const found = all.filter(({ body }: { body: object }) =>
      JSON.stringify(body).includes(JSON.stringify(text)),
    );
    if (found.length > 0) return found;
    if (Date.now() > deadline) throw new Error(`Facebook never got "${text}".`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

/** Waits for a queue item after another one and accepts it. */
async function accept(
  { desk, stage }: Scene,
  before: number,
): Promise<{ readonly id: number; readonly item: number }> {
  const { data } = await desk.until(
    'the queue',
    ({ event, data }) => event === 'queue_created' && data.queueItem.id > before,
  );
  printStep(`queue item ${data.queueItem.id} waits in "${data.queueItem.queue}"; Alex accepts it`);
  const { session } = await stage.agent('POST', `/v1/queue-items/${data.queueItem.id}/accept`);
  return { id: session.id, item: data.queueItem.id };
}
