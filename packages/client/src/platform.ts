import type { WebSocketConstructor } from './connection.ts';
import { MevrikError } from './errors.ts';

/** What browsers provide, and some versions of Node. */
export const platform = globalThis as {
  readonly WebSocket?: WebSocketConstructor;
  readonly addEventListener?: (name: string, listener: () => void) => void;
  readonly removeEventListener?: (name: string, listener: () => void) => void;
  readonly reportError?: (error: unknown) => void;
};

/** The platform's WebSocket, or that of `ws`. @throws MevrikError `no_websocket`. */
export async function platformWebSocket(): Promise<WebSocketConstructor> {
  if (platform.WebSocket) return platform.WebSocket;
  // Computed, so that bundlers for browsers do not include the library.
  const library = ['w', 's'].join('');
  const { WebSocket } = (await import(library).catch((cause: unknown) => {
    throw new MevrikError(0, 'no_websocket', 'This platform has no WebSocket: install `ws`.', { cause });
  })) as { WebSocket: WebSocketConstructor };
  return WebSocket;
}

/** Reports an error that a listener threw as unhandled. */
export function reportListenerError(error: unknown): void {
  if (platform.reportError) platform.reportError(error);
  else console.error(error);
}
