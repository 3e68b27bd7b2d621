import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { validationError } from './graph-validation.ts';
import { readJson } from './read-json.ts';

/** A failure that the stand-in simulates once. */
export type GraphFailure =
  /** Responds with an error of the Graph API. */
  | {
      readonly does: 'refuse';
      readonly code: number;
      readonly subcode?: number;
      readonly status?: number;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Responds like a proxy that cannot reach its server. */
  | { readonly does: 'bad-gateway' }
  /** Never responds; `accepts`: it accepts the message first. */
  | { readonly does: 'hang'; readonly accepts: boolean }
  /** Closes the connection; `accepts`: it accepts the message first. */
  | { readonly does: 'cut'; readonly accepts: boolean }
  /** Accepts the message and responds only when `release` is called. */
  | { readonly does: 'wait' }
  /** Responds normally with these headers, such as those of rate limits. */
  | { readonly does: 'add-headers'; readonly headers: Readonly<Record<string, string>> };

/** A message that the stand-in has accepted, as if delivered to the customer. */
export interface AcceptedMessage {
  readonly id: string;
  readonly page: string;
  /** `messages`, or `comments` with the id of the comment in `page`. */
  readonly edge: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
}

/** A post of a Facebook page or Instagram account. */
export interface Post {
  readonly id: string;
  readonly message?: string;
  readonly permalink_url?: string;
  readonly full_picture?: string;
  readonly caption?: string;
  readonly media_url?: string;
  readonly thumbnail_url?: string;
}

/** A person who writes to a Facebook page or Instagram account. */
export interface Person {
  readonly id: string;
  readonly first_name?: string;
  readonly last_name?: string;
  readonly name?: string;
  readonly username?: string;
}

/** A server with the part of the Graph API that we use. */
export interface GraphStandIn {
  /** The value for `GRAPH_API_URL`. */
  readonly url: string;
  /** The accepted messages, oldest first. */
  readonly accepted: AcceptedMessage[];
  /** The method and path of every request. */
  readonly requests: string[];
  /** The texts of the messages accepted for a person, oldest first. */
  textsFor(contactId: string): string[];
  /** Simulates a failure for the next `times` messages that `fits` selects. */
  misbehave(
    failure: GraphFailure,
    times?: number,
    fits?: (accepted: Omit<AcceptedMessage, 'id'>) => boolean,
  ): void;
  /** Removes all simulated failures. */
  behave(): void;
  /** Invalidates a token, or makes it valid again. */
  revoke(token: string): void;
  grant(token: string): void;
  /** Responds to the waiting messages that `fits` selects. */
  release(fits?: (accepted: Omit<AcceptedMessage, 'id'>) => boolean): void;
  /** Whether it received a message that `fits` selects, accepted or not. */
  asked(fits: (received: Omit<AcceptedMessage, 'id'>) => boolean): boolean;
  /** Calls the listener for every accepted message. */
  onAccepted(listener: (accepted: AcceptedMessage) => void): void;
  /** Adds a post that can be requested. */
  publish(post: Post): void;
  /** Adds a person whose profile can be requested. */
  introduce(person: Person): void;
  /** Rejects requests for a post or person, as if the permission were missing. */
  conceal(id: string): void;
  stop(): Promise<void>;
}

/** Handles requests outside the Graph API. @returns whether it handled the request. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** A message that the stand-in has received. */
type ReceivedMessage = Omit<AcceptedMessage, 'id'>;

interface SimulatedFailure {
  readonly failure: GraphFailure;
  times: number;
  readonly fits: (received: ReceivedMessage) => boolean;
}

interface GraphState {
  readonly handler: RequestHandler | undefined;
  readonly accepted: AcceptedMessage[];
  readonly requests: string[];
  readonly received: ReceivedMessage[];
  readonly revokedTokens: Set<string>;
  /** The comments that were answered privately. */
  readonly answeredComments: Set<string>;
  /** People and posts by their id. */
  readonly nodes: Map<string, Person | Post>;
  readonly concealed: Set<string>;
  readonly listeners: ((accepted: AcceptedMessage) => void)[];
  failures: SimulatedFailure[];
  waiting: { readonly message: ReceivedMessage; resume(): void }[];
}

const senderActions = new Set(['mark_seen', 'typing_on', 'typing_off']);

/** Starts the stand-in on the given port or on a free one. Every token is valid until it is revoked. */
export async function startGraphStandIn(
  options: { readonly port?: number; readonly handler?: RequestHandler } = {},
): Promise<GraphStandIn> {
  const state: GraphState = {
    handler: options.handler,
    accepted: [],
    requests: [],
    received: [],
    revokedTokens: new Set(),
    answeredComments: new Set(),
    nodes: new Map(),
    concealed: new Set(),
    listeners: [],
    failures: [],
    waiting: [],
  };
  const server = createServer((request, response) => {
    // A request that breaks off or cannot be read gets no response.
    handle(state, request, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    accepted: state.accepted,
    requests: state.requests,
    textsFor: (contactId) => state.accepted.filter(isFor(contactId)).map(textOf),
    misbehave(failure, times = 1, fits = () => true) {
      state.failures.push({ failure, times, fits });
    },
    behave() {
      state.failures = [];
    },
    revoke: (token) => state.revokedTokens.add(token),
    grant: (token) => state.revokedTokens.delete(token),
    release(fits = () => true) {
      const released = state.waiting.filter(({ message }) => fits(message));
      state.waiting = state.waiting.filter((one) => !released.includes(one));
      for (const { resume } of released) resume();
    },
    asked: (fits) => state.received.some(fits),
    onAccepted: (listener) => state.listeners.push(listener),
    conceal: (id) => state.concealed.add(id),
    publish: (post) => state.nodes.set(post.id, post),
    introduce: (person) => state.nodes.set(person.id, person),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function handle(state: GraphState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (await state.handler?.(request, response)) return;
  const { pathname } = new URL(request.url ?? '/', 'http://graph');
  state.requests.push(`${request.method} ${pathname}`);
  const [page = '', edge = ''] = pathname.split('/').slice(1).map(decodeURIComponent);
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined || state.revokedTokens.has(token)) {
    const message = `Error validating access token ${token}: the session has been invalidated`;
    return refuse(response, { does: 'refuse', status: 401, code: 190, subcode: 460, message });
  }
  if (request.method === 'GET') return readNode(state, page, edge, request, response);
  return receive(state, { page, edge, body: await readJson(request) }, response);
}

/** Responds with a post, a person, the URL of a media file, or a file itself. */
function readNode(
  { concealed, nodes }: GraphState,
  id: string,
  edge: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (id === 'file') response.end(`the file ${edge}`);
  else if (concealed.has(id)) refuse(response, { does: 'refuse', status: 403, code: 10 });
  else {
    const media = id.startsWith('media-') ? { url: `http://${request.headers.host}/file/${id}` } : {};
    respond(response, 200, nodes.get(id) ?? { id, ...media });
  }
}

async function receive(state: GraphState, message: ReceivedMessage, response: ServerResponse): Promise<void> {
  const { body } = message;
  if (body.status === 'read') return respond(response, 200, { success: true });
  if (senderActions.has(body.sender_action)) {
    return respond(response, 200, { recipient_id: body.recipient.id });
  }
  const error = validationError(state.answeredComments, message);
  if (error) return refuse(response, { does: 'refuse', ...error });
  state.received.push(message);
  const due = state.failures.find(({ times, fits }) => times > 0 && fits(message));
  if (due) due.times--;
  return simulate(state, due?.failure, response, message);
}

async function simulate(
  state: GraphState,
  failure: GraphFailure | undefined,
  response: ServerResponse,
  message: ReceivedMessage,
): Promise<void> {
  switch (failure?.does) {
    case 'refuse':
      return refuse(response, failure);
    case 'bad-gateway':
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
      return;
    case 'hang':
      if (failure.accepts) accept(state, message);
      return;
    case 'cut':
      if (failure.accepts) accept(state, message);
      response.destroy();
      return;
    case 'wait': {
      const accepted = accept(state, message);
      await new Promise<void>((resume) => state.waiting.push({ message, resume }));
      return respond(response, 200, toResponse(accepted));
    }
    default:
      return respond(response, 200, toResponse(accept(state, message)), failure?.headers);
  }
}

function accept(state: GraphState, message: ReceivedMessage): AcceptedMessage {
  const accepted = { id: `m_${state.accepted.length + 1}_${message.page}`, ...message };
  state.accepted.push(accepted);
  const comment = message.body.recipient?.comment_id;
  if (comment !== undefined) state.answeredComments.add(comment);
  for (const listener of state.listeners) listener(accepted);
  return accepted;
}

/** Selects the messages to a person, in Messenger's or WhatsApp's format. */
export function isFor(contactId: string): (given: Pick<AcceptedMessage, 'body'>) => boolean {
  return ({ body }) => (body.to ?? body.recipient?.id) === contactId;
}

/** The text of a message, in either format. */
export function textOf({ body }: Pick<AcceptedMessage, 'body'>): string {
  return String(body.text?.body ?? body.interactive?.body.text ?? body.message?.text);
}

function toResponse({ id, body }: AcceptedMessage): object {
  if (body.messaging_product === 'whatsapp') {
    return { contacts: [{ input: body.to, wa_id: body.to }], messages: [{ id: `wamid.${id}` }] };
  }
  return body.recipient ? { recipient_id: body.recipient.id, message_id: id } : { id };
}

function refuse(response: ServerResponse, failure: Extract<GraphFailure, { does: 'refuse' }>): void {
  const { code, subcode, status = 400, message = 'Refused', headers } = failure;
  const error = { message, type: 'OAuthException', code, error_subcode: subcode, fbtrace_id: 'A1' };
  respond(response, status, { error }, headers);
}

function respond(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** A signed webhook body as Meta sends it: escaped to ASCII before signing. */
export function signWebhook(
  payload: unknown,
  appSecret: string,
): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify(payload).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  const signature = createHmac('sha256', appSecret).update(body).digest('hex');
  return {
    body,
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` },
  };
}
