/** Why a call to a provider failed, by how to react to it. */
export type ChannelFailure =
  /** Retry later. */
  | {
      readonly kind: 'temporary';
      readonly error: string;
      /** Whether the provider may have accepted the message nevertheless. */
      readonly isUncertain: boolean;
      /** Whether the cause may be the channel rather than this message. */
      readonly suspectsChannel: boolean;
      /** Milliseconds after which the provider asks us to retry. */
      readonly retryAfterMs?: number | undefined;
      /** Milliseconds for which the whole channel pauses, for example when a rate limit is reached. */
      readonly pauseMs?: number | undefined;
    }
  /** Retrying this message is useless. */
  | { readonly kind: 'permanent'; readonly error: string }
  /** The channel cannot send anything until its settings are fixed or the provider recovers. */
  | { readonly kind: 'channel-down'; readonly error: string };

/** A failure that an adapter has already classified. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  readonly failure: ChannelFailure;

  constructor(failure: ChannelFailure, options: { cause?: unknown } = {}) {
    super(failure.error, options);
    this.failure = failure;
  }
}

/** The error for a message that can never be delivered; `error` is shown to agents. */
export function undeliverable(error: string): ChannelError {
  return new ChannelError({ kind: 'permanent', error });
}

/** Errors of a connection that was never established, so nothing was sent. */
const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * Classifies an error without a response from the provider, such as a network error or a timeout. Unless the connection
 * was never established, it is unknown whether the provider received the request.
 */
export function networkFailure(error: unknown): ChannelFailure {
  if (error instanceof ChannelError) return error.failure;
  const code = codeOf(error);
  return {
    kind: 'temporary',
    error: code === undefined ? messageOf(error) : `The provider could not be reached (${code}).`,
    isUncertain: code === undefined || !neverConnected.has(code),
    suspectsChannel: true,
  };
}

function codeOf(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string') return current.code;
  }
  return undefined;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return 'The provider did not respond.';
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return 'The provider did not respond in time.';
  return `The connection to the provider broke: ${error.message}`;
}
