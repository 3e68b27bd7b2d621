import type { Message, Session } from '@mevrik/protocol';
import type { Unsent } from './storage.ts';

/** What the page has said of the visitor. */
export interface Identity {
  readonly userId?: string;
  /** The HMAC-SHA256 of the user's id under the app's secret, in hex: it proves who it is. */
  readonly hmac?: string;
  readonly name?: string;
  readonly email?: string;
  readonly attributes?: Readonly<Record<string, boolean | number | string>>;
}

/** What of it is told to the server. */
export function profileOf({ name, email, attributes }: Identity) {
  return {
    ...(name ? { name } : {}),
    ...(email ? { email } : {}),
    ...(attributes ? { attributes: { ...attributes } } : {}),
  };
}

/** A message on its way; `refused` when only the visitor can have it tried again. */
export interface Waiting extends Unsent {
  readonly failed?: boolean;
  readonly refused?: boolean;
}

/** A file on its way; `fault` is why it did not arrive. */
export interface Upload {
  readonly key: string;
  readonly file: File;
  readonly fault?: string;
}

/** Everything that the widget shows. */
export interface ConversationState {
  readonly phase: 'failed' | 'idle' | 'loading' | 'ready';
  readonly messages: readonly Message[];
  readonly unsent: readonly Waiting[];
  readonly uploads: readonly Upload[];
  readonly session: Session | undefined;
  readonly agentName: string | undefined;
  readonly typing: string | undefined;
  readonly isConnected: boolean;
  /** When people are there again, where nobody is; `null`: nobody knows. */
  readonly opensAt: string | null | undefined;
  readonly hasSurvey: boolean;
  /** How far the other side has read. */
  readonly readId: number;
  readonly unread: number;
}

/** Before anything was said. */
export const initialState: ConversationState = {
  phase: 'idle',
  messages: [],
  unsent: [],
  uploads: [],
  session: undefined,
  agentName: undefined,
  typing: undefined,
  isConnected: true,
  opensAt: undefined,
  hasSurvey: false,
  readId: 0,
  unread: 0,
};
