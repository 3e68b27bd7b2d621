import { type Client, createClient } from '@mevrik/client';
import { createFacebookCaller, signWebhook } from '@mevrik/stand-ins';
import { createTransport } from 'nodemailer';

/** The server to fill and the accounts to do it with. */
export interface Stage {
  readonly url: string;
  readonly appKey: string;
  /** The client of an administrator, who works the desk. */
  readonly admin: Client;
  /** The port of the stand-in mail server. */
  readonly smtpStandInPort: number;
  /** The port of inbound email. */
  readonly smtpPort: number;
}

const meta = { appSecret: 'meta-app-secret-0123', verifyToken: 'verify-me-please' };
const parcel =
  'Found it: the label was damaged, so the parcel is held at the depot in Malmö. I have asked them to print a new one; it goes out tomorrow morning.';

/** Fills the desk with a realistic morning: several channels, some customers waiting, some assigned. */
export async function fillDesk(stage: Stage): Promise<void> {
  const { admin } = stage;
  await configureApp(stage);
  // The first customers have been waiting for nearly as long as their deadline allows.
  const due = (minutes: number) =>
    admin.call('PATCH', '/v1/admin/apps/1', {
      body: { settings: { sla: { firstReplyMinutes: { normal: minutes } } } },
    });
  await due(1);
  await wait(await email(stage), 'Sofia Marino');
  await wait(
    await messenger(stage, 'jonas', 'Do you ship to Switzerland? And what is the customs fee?'),
    'Jonas Weber',
  );
  await wait(await comment(stage), 'Ingrid Sørensen');
  await wait(
    await onWhatsapp(
      stage,
      '880170000001',
      'Rafi Ahmed',
      'Can I still change the delivery address of order 20418?',
    ),
    'Rafi Ahmed',
  );
  await due(30);
  const chen = await web(stage, 'Chen Wei', 'Will the blue one be back in stock next week?');
  const amina = await web(stage, 'Amina Diallo', 'The zip on the jacket broke on the first day :(');
  const vera = await web(
    stage,
    'Vera Lindqvist',
    'My parcel has said “in transit” since Tuesday. Can you check where it is?',
  );
  await serveVera(stage, vera);
  for (const one of [amina, chen]) await accept(stage, one.sessionId);
  await amina.client.rest.visitor.writeMessage({ text: 'I can send a photo if that helps' });

  async function wait(sessionId: number, name: string): Promise<void> {
    const { customer } = await admin.rest.desk.conversation(sessionId);
    const change = name.startsWith('Jonas') ? { name, phone: '+41791234567' } : { name };
    await admin.rest.desk.changeCustomer(customer.id, change);
    if (name.startsWith('Jonas') || name.startsWith('Rafi')) await accept(stage, sessionId);
  }
}

/** Names the app and sets up its dispositions, rules, channels and canned replies. */
async function configureApp({ admin, smtpStandInPort }: Stage): Promise<void> {
  await admin.call('PATCH', '/v1/admin/apps/1', {
    body: {
      name: 'Nordic Outfitters',
      settings: {
        welcome: false,
        caseOpenedText: 'Thank you. An agent will be with you shortly.',
        dispositions: [
          'resolved',
          {
            name: 'refund',
            fields: [
              { name: 'order', label: 'Order number', kind: 'text', required: true },
              {
                name: 'reason',
                label: 'Reason',
                kind: 'choice',
                required: true,
                choices: ['late', 'broken', 'wrong item'],
              },
            ],
          },
          'spam',
        ],
      },
    },
  });
  const rules = [{ name: 'agents first', when: 'true', action: 'queue' }];
  await admin.call('PUT', '/v1/admin/apps/1/rules', { body: { rules } });
  const channels = [
    ['page', 'facebook', { ...meta, pageId: '900', pageToken: 'page-token-of-900' }],
    ['whatsapp', 'whatsapp', { ...meta, phoneNumberId: '700', accessToken: 'token-of-700' }],
    [
      'mail',
      'email',
      {
        address: 'hello@outfitters.example',
        name: 'Nordic Outfitters',
        smtp: { host: '127.0.0.1', port: smtpStandInPort, tls: 'none' },
      },
    ],
  ] as const;
  for (const [name, kind, settings] of channels)
    await admin.call('PUT', `/v1/admin/apps/1/channels/${name}`, { body: { kind, settings } });
  for (const [shortcut, text] of [
    ['hello', 'Hello {{customer.name|there}}, this is {{agent.name}}. How can I help?'],
    ['help-return', 'You can send it back within 30 days: the label is in your account under “Returns”.'],
    ['here', 'I am on it, {{customer.name|there}}. Give me two minutes.'],
  ])
    await admin.call('POST', '/v1/canned-replies', { body: { appId: 1, shortcut, text } });
}

interface Written {
  readonly client: Client;
  readonly sessionId: number;
}

async function web({ url, appKey, admin }: Stage, name: string, text: string): Promise<Written> {
  const stranger = createClient({ url, appKey });
  const [first = ''] = name.toLowerCase().split(' ');
  const { accessToken, session } = await stranger.rest.visitor.startVisit({
    profile: { name, email: `${first}@example.org`, attributes: { plan: 'gold', orders: 7 + name.length } },
  });
  const client = createClient({ url, appKey, token: accessToken });
  await client.rest.visitor.writeMessage({ text });
  await queued(admin, session.id);
  return { client, sessionId: session.id };
}

async function serveVera(stage: Stage, { client, sessionId }: Written): Promise<void> {
  const { admin } = stage;
  await accept(stage, sessionId);
  await admin.rest.desk.reply(sessionId, {
    text: 'Hello Vera, I am looking into it right now. Do you have the tracking number to hand?',
  });
  await client.rest.visitor.writeMessage({ text: 'Thank you! The number is 20418-77.' });
  await admin.rest.desk.addNote(
    sessionId,
    'Carrier says: held at the depot in Malmö, address label damaged.',
  );
  const { message } = await admin.rest.desk.reply(sessionId, { text: parcel });
  await client.rest.visitor.markRead(message.id);
  await client.rest.visitor.writeMessage({
    text: 'Great, that was fast. Will I get a message when it leaves?',
  });
}

async function accept({ admin }: Stage, sessionId: number): Promise<void> {
  const { queueItem } = await admin.rest.desk.conversation(sessionId);
  if (queueItem) await admin.rest.desk.acceptQueueItem(queueItem.id);
}

async function messenger(stage: Stage, person: string, text: string): Promise<number> {
  const address = `${stage.url}/webhooks/facebook/${stage.appKey}/page`;
  await createFacebookCaller({ address, appSecret: meta.appSecret, pageId: '900' }).writes(person, text);
  return said(stage, text);
}

async function comment(stage: Stage): Promise<number> {
  const address = `${stage.url}/webhooks/facebook/${stage.appKey}/page`;
  const text = 'Does the parka come in green?';
  const caller = createFacebookCaller({ address, appSecret: meta.appSecret, pageId: '900' });
  await caller.comments({ person: 'ingrid', name: 'Ingrid Sørensen', text, postId: '900_1' });
  return said(stage, text);
}

async function onWhatsapp(stage: Stage, from: string, name: string, text: string): Promise<number> {
  const message = {
    from,
    id: `wamid.${from}`,
    timestamp: String(Math.floor(Date.now() / 1000)),
    type: 'text',
    text: { body: text },
  };
  const value = {
    messaging_product: 'whatsapp',
    metadata: { phone_number_id: '700' },
    contacts: [{ profile: { name }, wa_id: from }],
    messages: [message],
  };
  const body = {
    object: 'whatsapp_business_account',
    entry: [{ id: 'WABA', changes: [{ field: 'messages', value }] }],
  };
  const signed = signWebhook(body, meta.appSecret);
  await fetch(`${stage.url}/webhooks/whatsapp/${stage.appKey}/whatsapp`, { method: 'POST', ...signed });
  return said(stage, text);
}

async function email(stage: Stage): Promise<number> {
  const text = 'Last week’s invoice shows my old company name. Could you send me a corrected one, please?';
  const client = createTransport({ host: '127.0.0.1', port: stage.smtpPort, ignoreTLS: true });
  await client.sendMail({
    from: 'Sofia Marino <sofia@studio-marino.example>',
    to: 'hello@outfitters.example',
    subject: 'Invoice 2026-1187',
    text,
  });
  client.close();
  return said(stage, text);
}

/** The session with this message, once it is in a queue. */
async function said({ admin }: Stage, text: string): Promise<number> {
  return until(async () => {
    const { items } = await admin.rest.desk.conversations({ view: 'queue', limit: 50 });
    return items.find(({ lastMessage }) => lastMessage?.content.text?.startsWith(text.slice(0, 20)))?.session
      .id;
  });
}

async function queued(admin: Client, sessionId: number): Promise<void> {
  await until(async () => (await admin.rest.desk.conversation(sessionId)).queueItem?.id);
}

/** Polls until there is a value. */
async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
