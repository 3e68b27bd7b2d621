import { type SentEmail, startSmtpStandIn } from '@mevrik/stand-ins';
import { createTransport } from 'nodemailer';
import { openEventStream } from './event-stream.ts';
import { paint } from './paint.ts';
import { printMessage, printStep } from './print.ts';
import type { DemoServer } from './server.ts';
import { openStage } from './stage.ts';

const shop = 'support@shop.example';
const vera = 'vera@home.example';
const patienceMs = 60_000;

/**
 * Plays a conversation by email: Vera's emails are sent over SMTP, and the replies are shown as she received
 * them.
 */
export async function playEmail(server: DemoServer): Promise<void> {
  const { url, smtpPort } = server;
  if (smtpPort === null) {
    console.log(paint('dim', 'Skipping email: the server receives none, or MEVRIK_SMTP_PORT is not set.\n'));
    return;
  }
  const post = await startSmtpStandIn();
  const stage = await openStage(server, 'Demonstration by email');
  const { app, agent, admin, agentToken } = stage;
  const smtp = { host: '127.0.0.1', port: post.port, tls: 'none' };
  const settings = { address: shop, name: 'The Shop', smtp };
  await admin('PUT', `/v1/admin/apps/${app.id}/channels/mail`, { kind: 'email', settings });
  await admin('PATCH', `/v1/admin/apps/${app.id}`, { settings: { welcome: false } });
  const rules = [{ name: 'emails go to agents', when: 'channel.kind == "email"', action: 'queue' }];
  await admin('PUT', `/v1/admin/apps/${app.id}/rules`, { rules });
  const desk = await openEventStream(url, { key: app.key, token: agentToken, channels: ['private-queues'] });
  const client = createTransport({ host: new URL(url).hostname, port: smtpPort, ignoreTLS: true });
  try {
    console.log(paint('bold', '\nThe same by email\n'));
    const subject = 'Where is my order?';
    const { messageId, response } = await client.sendMail({
      from: `Vera <${vera}>`,
      to: shop,
      subject,
      text: 'It should have arrived on Monday.',
    });
    printMessage('Vera', `To ${shop}: ${subject} It should have arrived on Monday.`);
    printStep(`our SMTP listener answers "${response}"`);
    const { data } = await desk.until('the queue', ({ event }) => event === 'queue_created');
    printStep(`queue item ${data.queueItem.id} waits in "${data.queueItem.queue}"; Alex accepts it`);
    const { session } = await agent('POST', `/v1/queue-items/${data.queueItem.id}/accept`);
    await agent('POST', `/v1/sessions/${session.id}/replies`, { text: 'It is on its way, Vera.' });
    const answer = await arrived(post.sent, (email) => /on its way/.test(email.email.text ?? ''));
    printMessage('Alex', 'It is on its way, Vera.');
    printStep('this is what Vera’s mail server received:');
    renderEmail(answer);
    if (answer.email.inReplyTo !== messageId)
      throw new Error('The reply is not in the thread of the question.');

    const conversation = await openEventStream(url, {
      key: app.key,
      token: agentToken,
      channels: [`private-session${session.id}`],
    });
    await client.sendMail({
      from: `Vera at work <vera@work.example>`,
      to: answer.email.replyTo?.text ?? '',
      subject: `Re: ${subject}`,
      text: `It is here, thank you!\n\nOn Mon, Nov 23, 2026 at 10:04 AM The Shop <${shop}> wrote:\n> It is on its way, Vera.\n`,
    });
    const received = await conversation.until('her reply', ({ event }) => event === 'message_post');
    conversation.stop();
    printMessage('Vera', received.data.message.content.text);
    printStep(
      `from ${received.data.message.content.email.from}, in the same conversation, without the quoted text`,
    );
  } finally {
    client.close();
    desk.stop();
    await stage.close();
    await post.stop();
  }
}

async function arrived(sent: readonly SentEmail[], fits: (email: SentEmail) => boolean): Promise<SentEmail> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = sent.find(fits);
    if (found) return found;
    if (Date.now() > deadline) throw new Error('The answer did not arrive.');
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

const shown = /^(From|Reply-To|To|Subject|Message-ID|In-Reply-To):/i;

function renderEmail({ raw, email }: SentEmail): void {
  const heads =
    raw
      .toString('utf8')
      .split('\r\n\r\n')[0]
      ?.replace(/\r\n\s+/g, ' ')
      .split('\r\n') ?? [];
  for (const line of [
    ...heads.filter((head) => shown.test(head)),
    '',
    ...(email.text ?? '').trim().split('\n'),
  ]) {
    console.log(`          ${paint('dim', '│')} ${line}`);
  }
}
