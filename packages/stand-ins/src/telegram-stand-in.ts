import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** A failure that the stand-in simulates once. */
export type TelegramFailure =
  | { readonly does: 'refuse'; readonly status: number; readonly answer: object }
  /** Never answers, and accepts nothing. */
  | { readonly does: 'hang' }
  /** Accepts requests and answers only when `release` is called. */
  | { readonly does: 'wait' };

/** A call of a method, such as `sendMessage`. */
export interface TelegramCall {
  readonly method: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A server with the parts of Telegram's Bot API that we use. */
export interface TelegramStandIn {
  /** The value for `apiUrl` in the settings of a channel. */
  readonly url: string;
  /** The accepted calls, oldest first. */
  readonly accepted: readonly TelegramCall[];
  /** The accepted texts of a chat, oldest first. */
  textsFor(chat: string): unknown[];
  /** Whether it received a matching request, whatever it answered. */
  asked(fits: (call: TelegramCall) => boolean): boolean;
  /** Misbehaves in this way at the next call that `fits` matches. */
  misbehave(failure: TelegramFailure, fits?: (call: TelegramCall) => boolean): void;
  /** Invalidates the token of a bot, or makes it valid again. */
  revoke(token: string): void;
  grant(token: string): void;
  /** Answers the waiting calls that `fits` matches. */
  release(fits: (call: TelegramCall) => boolean): void;
  stop(): Promise<void>;
}

interface SimulatedFailure {
  readonly failure: TelegramFailure;
  readonly fits: (call: TelegramCall) => boolean;
}

interface TelegramState {
  readonly received: TelegramCall[];
  readonly accepted: TelegramCall[];
  readonly revokedTokens: Set<string>;
  failures: SimulatedFailure[];
  waiting: { readonly call: TelegramCall; readonly response: ServerResponse; readonly answer: object }[];
}

/** The path of the one photo that it has. */
const photo = 'photos/1.txt';

/** Starts the stand-in on the given port or on a free one. Every token is valid until it is revoked. */
export async function startTelegramStandIn(port = 0): Promise<TelegramStandIn> {
  const state: TelegramState = {
    received: [],
    accepted: [],
    revokedTokens: new Set(),
    failures: [],
    waiting: [],
  };
  const server = createServer((request, response) => {
    // A request that breaks off or cannot be read gets no response.
    handle(state, request, response).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    accepted: state.accepted,
    textsFor: (chat) =>
      state.accepted.filter(({ body }) => body.chat_id === chat).map(({ body }) => body.text),
    asked: (fits) => state.received.some(fits),
    misbehave: (failure, fits = () => true) => void state.failures.push({ failure, fits }),
    revoke: (token) => void state.revokedTokens.add(token),
    grant: (token) => void state.revokedTokens.delete(token),
    release(fits) {
      const released = state.waiting.filter(({ call }) => fits(call));
      state.waiting = state.waiting.filter((one) => !released.includes(one));
      for (const { response, answer } of released) respond(response, answer);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function handle(
  state: TelegramState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, isFile, token, path] = /^\/(file\/)?bot(\d+:[\w-]+)\/(.+)$/.exec(request.url ?? '') ?? [];
  if (path === undefined || token === undefined || state.revokedTokens.has(token)) {
    return respond(response, { ok: false, error_code: 401, description: 'Unauthorized' }, 401);
  }
  if (isFile) {
    if (path === photo) response.end('the photo');
    else respond(response, { ok: false, error_code: 404, description: 'Not Found' }, 404);
    return;
  }
  const call = { method: path, body: (await json(request)) as TelegramCall['body'] };
  state.received.push(call);
  const due = state.failures.find(({ fits }) => fits(call));
  state.failures = state.failures.filter((one) => one !== due);
  if (due?.failure.does === 'refuse') return respond(response, due.failure.answer, due.failure.status);
  if (due?.failure.does === 'hang') return;
  state.accepted.push(call);
  const result = path === 'getFile' ? { file_path: photo } : { message_id: state.accepted.length };
  const answer = { ok: true, result };
  if (due?.failure.does === 'wait') state.waiting.push({ call, response, answer });
  else respond(response, answer);
}

function respond(response: ServerResponse, answer: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}
