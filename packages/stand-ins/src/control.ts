import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { createFacebookCaller, type FacebookCaller } from './facebook-caller.ts';
import type { GraphStandIn, RequestHandler } from './graph-stand-in.ts';
import { readJson } from './read-json.ts';
import type { SmtpStandIn } from './smtp-stand-in.ts';
import type { TelegramStandIn } from './telegram-stand-in.ts';

const subscription = z.strictObject({
  address: z.url(),
  appSecret: z.string(),
  pageId: z.string(),
  disorder: z.enum(['none', 'twice', 'reversed']).default('none'),
});
const writing = z.strictObject({ person: z.string(), text: z.string() });
const commenting = writing.extend({ name: z.string().default('A commenter'), postId: z.string() });
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
const failures = z.discriminatedUnion('does', [
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

/** The stand-ins that the control operates; available once all have started. */
export interface ControlTargets {
  readonly graph: GraphStandIn;
  readonly telegram: TelegramStandIn;
  readonly email: SmtpStandIn;
}

type Endpoints = Record<string, (body: unknown) => unknown>;

/** Creates the endpoints under `/stand-in`, with which a developer or a script plays the customers and the providers. */
export function createControl(controlled: () => ControlTargets): RequestHandler {
  const endpoints = { ...facebookEndpoints(controlled), ...providerEndpoints(controlled) } as Endpoints;

  return async (request, response) => {
    const name = /^\/stand-in\/(\w+)$/.exec(request.url ?? '')?.[1];
    if (name === undefined) return false;
    const endpoint = endpoints[`${request.method} ${name}`];
    try {
      if (!endpoint) throw new Error(`Unknown endpoint. Available: ${Object.keys(endpoints).join(', ')}.`);
      send(response, 200, await endpoint(await readJson(request)));
    } catch (error) {
      send(response, 400, { error: error instanceof Error ? error.message : String(error) });
    }
    return true;
  };
}

/** What people do on Facebook. */
function facebookEndpoints(controlled: () => ControlTargets): Endpoints {
  let caller: FacebookCaller | undefined;
  const facebook = () => {
    if (!caller) throw new Error('Subscribe first: POST /stand-in/subscription.');
    return caller;
  };
  return {
    'POST subscription'(body) {
      const { disorder, ...to } = subscription.parse(body);
      if (!caller) controlled().graph.onAccepted((accepted) => caller?.confirm(accepted).catch(reportError));
      caller = createFacebookCaller(to);
      caller.misdeliver(disorder);
      return { subscribed: to.address };
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
  };
}

/** What the providers have accepted, and how they fail. */
function providerEndpoints(controlled: () => ControlTargets): Endpoints {
  return {
    'GET accepted': () => controlled().graph.accepted,
    'GET telegram': () => controlled().telegram.accepted,
    'GET emails': () =>
      controlled().email.sent.map(({ from, to, email }) => ({
        from,
        to,
        subject: email.subject,
        text: email.text,
      })),
    'POST failure'(body) {
      const { times: count, ...failure } = failures.parse(body);
      controlled().graph.misbehave(failure as Parameters<GraphStandIn['misbehave']>[0], count);
      return { next: count };
    },
    'DELETE failure'() {
      controlled().graph.behave();
      return { next: 0 };
    },
    'POST token'(body) {
      const { token, isGood } = tokens.parse(body);
      const { graph, telegram } = controlled();
      for (const provider of [graph, telegram]) provider[isGood ? 'grant' : 'revoke'](token);
      return { isGood };
    },
  };
}

/** The product may be down on purpose: its webhook is then called in vain. */
function reportError(error: unknown): void {
  console.error(`The webhook could not be called: ${String(error)}`);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(`${JSON.stringify(body, null, 2)}\n`);
}
