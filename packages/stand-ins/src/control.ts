import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { createFacebookCaller, type FacebookCaller } from './facebook-caller.ts';
import type { AlsoAnswers, GraphStandIn } from './graph-stand-in.ts';
import type { SmtpStandIn } from './smtp-stand-in.ts';

const subscription = z.strictObject({
  address: z.url(),
  appSecret: z.string(),
  pageId: z.string(),
  disorder: z.enum(['none', 'twice', 'reversed']).default('none'),
});
const writing = z.strictObject({ person: z.string(), text: z.string() });
const commenting = writing.extend({ name: z.string().default('Somebody'), postId: z.string() });
const post = z.strictObject({
  id: z.string(),
  message: z.string(),
  permalink_url: z.url().optional(),
  full_picture: z.url().optional(),
});
const person = z.strictObject({ id: z.string(), name: z.string() });
const tokens = z.strictObject({ token: z.string(), isGood: z.boolean() });
const times = z.int().min(1).default(1);
const accepts = z.boolean().default(true);
const faults = z.discriminatedUnion('does', [
  z.strictObject({
    does: z.literal('refuse'),
    code: z.int(),
    subcode: z.int().optional(),
    status: z.int().optional(),
    headers: z.record(z.string(), z.string()).optional(),
    times,
  }),
  z.strictObject({ does: z.literal('bad-gateway'), times }),
  z.strictObject({ does: z.literal('hang'), accepts, times }),
  z.strictObject({ does: z.literal('cut'), accepts, times }),
]);

/** What the control works on; it is there once both have started. */
export interface Controlled {
  readonly graph: GraphStandIn;
  readonly email: SmtpStandIn;
}

/** The addresses under `/stand-in` by which a person, or a script, plays the world outside. */
export function createControl(controlled: () => Controlled): AlsoAnswers {
  let caller: FacebookCaller | undefined;
  const facebook = () => {
    if (!caller) throw new Error('Say first whom to tell: POST /stand-in/subscription.');
    return caller;
  };

  const does: Record<string, (body: unknown) => unknown> = {
    'POST subscription'(body) {
      const { disorder, ...to } = subscription.parse(body);
      if (!caller) controlled().graph.onAccepted((accepted) => caller?.confirm(accepted).catch(() => {}));
      caller = createFacebookCaller(to);
      caller.misdeliver(disorder);
      return { tells: to.address };
    },
    'POST message'(body) {
      const { person, text } = writing.parse(body);
      return facebook().writes(person, text);
    },
    'POST comment': (body) => facebook().comments(commenting.parse(body)),
    'POST post'(body) {
      const { permalink_url: url, full_picture: picture, ...rest } = post.parse(body);
      controlled().graph.publish({
        ...rest,
        ...(url === undefined ? {} : { permalink_url: url }),
        ...(picture === undefined ? {} : { full_picture: picture }),
      });
      return { published: rest.id };
    },
    'POST person'(body) {
      const { id, name } = person.parse(body);
      const [first = name, ...rest] = name.split(' ');
      controlled().graph.introduce({ id, first_name: first, last_name: rest.join(' ') });
      return { introduced: id };
    },
    'GET taken': () => controlled().graph.accepted,
    'GET mails': () =>
      controlled().email.sent.map(({ from, to, email }) => ({
        from,
        to,
        subject: email.subject,
        text: email.text,
      })),
    'POST fault'(body) {
      const { times: often, ...fault } = faults.parse(body);
      controlled().graph.misbehave(fault as Parameters<GraphStandIn['misbehave']>[0], often);
      return { next: often };
    },
    'DELETE fault'() {
      controlled().graph.behave();
      return { next: 0 };
    },
    'POST token'(body) {
      const { token, isGood } = tokens.parse(body);
      controlled().graph[isGood ? 'grant' : 'revoke'](token);
      return { isGood };
    },
  };

  return async (request, response) => {
    const name = /^\/stand-in\/(\w+)$/.exec(request.url ?? '')?.[1];
    if (name === undefined) return false;
    const act = does[`${request.method} ${name}`];
    try {
      if (!act) throw new Error(`There is: ${Object.keys(does).join(', ')}.`);
      send(response, 200, await act(await readJson(request)));
    } catch (error) {
      send(response, 400, { error: error instanceof Error ? error.message : String(error) });
    }
    return true;
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString('utf8') || '{}');
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(`${JSON.stringify(body, null, 2)}\n`);
}
