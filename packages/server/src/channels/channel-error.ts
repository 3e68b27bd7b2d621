/** What went wrong when something was sent, by what is to be done about it. */
export type ChannelFailure =
  /** Try again later. */
  | {
      readonly kind: 'temporary';
      readonly error: string;
      /** Whether the provider may have taken it all the same. */
      readonly isUncertain: boolean;
      /** Whether it may be the channel that is ill, and not this message. */
      readonly suspectsChannel: boolean;
      /** The provider's own wish: not before so many milliseconds. */
      readonly retryAfterMs?: number | undefined;
      /** Nothing at all to this channel for so many milliseconds, as where a rate limit is reached. */
      readonly pauseMs?: number | undefined;
    }
  /** This message will never arrive this way. */
  | { readonly kind: 'permanent'; readonly error: string }
  /** Nothing can be sent to this channel until somebody mends it, or it mends itself. */
  | { readonly kind: 'channel-down'; readonly error: string };

/** A failure that the adapter knows by itself. */
export class ChannelError extends Error {
  override readonly name = 'ChannelError';
  readonly failure: ChannelFailure;

  constructor(failure: ChannelFailure, options: { cause?: unknown } = {}) {
    super(failure.error, options);
    this.failure = failure;
  }
}

/** The failure of a message that can never arrive. */
export function undeliverable(error: string): ChannelError {
  return new ChannelError({ kind: 'permanent', error });
}

/** Errors of a connection that never stood, so that nothing can have got across. */
const neverConnected = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/**
 * The failure of an error that no provider has answered with: the network's, a time-out. Unless the connection never
 * stood, nobody can say whether the request was taken.
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
  if (!(error instanceof Error)) return 'The provider did not answer.';
  if (error.name === 'TimeoutError' || error.name === 'AbortError')
    return 'The provider did not answer in time.';
  return `The connection to the provider broke: ${error.message}`;
}
