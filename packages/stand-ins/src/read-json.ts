import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** Reads the JSON body of a request; an empty body is an empty object. */
export async function readJson(request: IncomingMessage) {
  return JSON.parse((await text(request)) || '{}');
}
