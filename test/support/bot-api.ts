import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

/** The token of the tests' bot. */
export const botToken = `900:${'t'.repeat(30)}`;

/** How the stand-in misbehaves once. */
export type BotApiFailure =
  | { readonly does: 'refuse'; readonly status: number; readonly answer: object }
  /** Never answers, and accepts nothing. */
  | { readonly does: 'hang' }
  /** Accepts requests and answers only when `release` is called. */
  | { readonly does: 'wait' };

/** A recorded call. */
export interface BotCall {
  readonly method: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A stand-in for the parts of Telegram's Bot API that we use. */
export interface BotApi {
  readonly url: string;
  /** The accepted texts of a chat, oldest first. */
  textsFor(chat: string): unknown[];
  /** Whether it received a matching request, whatever it answered. */
  asked(fits: (call: BotCall) => boolean): boolean;
  /** Misbehaves in this way at the next call that `fits` matches. */
  misbehave(failure: BotApiFailure, fits?: (call: BotCall) => boolean): void;
  /** Answers the waiting calls that `fits` matches. */
  release(fits: (call: BotCall) => boolean): void;
  stop(): Promise<void>;
}

/** Starts the stand-in on a free port. It knows any bot, and one photo. */
export async function startBotApi(): Promise<BotApi> {
  const asked: BotCall[] = [];
  const taken: BotCall[] = [];
  let failures: { readonly failure: BotApiFailure; readonly fits: (call: BotCall) => boolean }[] = [];
  let waiting: { readonly call: BotCall; readonly response: ServerResponse; readonly answer: object }[] = [];

  const server = createServer(async (request, response) => {
    const [, kind, ...path] = (request.url ?? '').split('/');
    if (kind === 'file' && path.slice(1).join('/') === photo) return void response.end('the photo');
    const call = { method: path.join('/'), body: (await json(request)) as BotCall['body'] };
    asked.push(call);
    const due = failures.find(({ fits }) => fits(call));
    failures = failures.filter((one) => one !== due);
    if (due?.failure.does === 'refuse') return respond(response, due.failure.answer, due.failure.status);
    if (due?.failure.does === 'hang') return;
    taken.push(call);
    const result = call.method === 'getFile' ? { file_path: photo } : { message_id: taken.length };
    const answer = { ok: true, result };
    if (due?.failure.does === 'wait') waiting.push({ call, response, answer });
    else respond(response, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    textsFor: (chat) => taken.filter(({ body }) => body.chat_id === chat).map(({ body }) => body.text),
    asked: (fits) => asked.some(fits),
    misbehave: (failure, fits = () => true) => void failures.push({ failure, fits }),
    release(fits) {
      const free = waiting.filter(({ call }) => fits(call));
      waiting = waiting.filter((one) => !free.includes(one));
      for (const { response, answer } of free) respond(response, answer);
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const photo = 'photos/1.txt';

function respond(response: ServerResponse, answer: object, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}
