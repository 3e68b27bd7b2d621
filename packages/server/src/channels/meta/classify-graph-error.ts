import { type ChannelFailure, networkFailure } from '../channel-error.ts';
import { GraphError } from './graph-client.ts';
import { pauseOf, retryAfterMs } from './graph-limits.ts';

type Meaning = 'busy' | 'contact-busy' | 'rate-limit' | 'token-invalid' | 'permanent';

/**
 * The meaning of the Graph API's error codes for a delivery. The first match counts, so specific entries come first. An
 * unlisted code is permanent with a 4xx status and temporary with a 5xx status.
 */
const graphErrors: readonly {
  readonly code: number;
  readonly subcode?: number;
  readonly meaning: Meaning;
  /** An explanation for agents, if Meta's message is not clear enough. */
  readonly hint?: string;
}[] = [
  { code: 10, subcode: 2018278, meaning: 'permanent', hint: 'The 24-hour reply window has closed.' },
  { code: 10, subcode: 2018065, meaning: 'permanent', hint: 'The 24-hour reply window has closed.' },
  { code: 10, subcode: 2534022, meaning: 'permanent', hint: 'The 24-hour reply window has closed.' },
  {
    code: 10,
    subcode: 2018108,
    meaning: 'permanent',
    hint: 'This customer cannot receive messages at the moment.',
  },
  { code: 10, subcode: 2018300, meaning: 'permanent', hint: 'Another app controls this conversation.' },
  { code: 100, subcode: 2018001, meaning: 'permanent', hint: 'This customer does not exist.' },
  { code: 100, subcode: 2018047, meaning: 'permanent', hint: 'The attachment could not be uploaded.' },
  { code: 100, subcode: 2018109, meaning: 'permanent', hint: 'The attachment is too large.' },
  { code: 200, subcode: 1545041, meaning: 'permanent', hint: 'This customer is not available.' },
  { code: 551, meaning: 'permanent', hint: 'This customer is not available.' },
  {
    code: 10900,
    meaning: 'permanent',
    hint: 'A private reply to this comment was already sent. Only one is allowed.',
  },
  {
    code: 190,
    meaning: 'token-invalid',
    hint: 'The access token is no longer valid. Enter a new one in the channel’s settings.',
  },
  {
    code: 102,
    meaning: 'token-invalid',
    hint: 'The access token is no longer valid. Enter a new one in the channel’s settings.',
  },
  {
    code: 131047,
    meaning: 'permanent',
    hint: 'The 24-hour reply window has closed: WhatsApp accepts only templates until the customer writes again.',
  },
  { code: 131026, meaning: 'permanent', hint: 'This number cannot receive WhatsApp messages.' },
  { code: 131021, meaning: 'permanent', hint: 'The recipient is the channel’s own number.' },
  { code: 131051, meaning: 'permanent', hint: 'WhatsApp does not support this type of message.' },
  { code: 131052, meaning: 'permanent', hint: 'WhatsApp could not download the file.' },
  { code: 131053, meaning: 'permanent', hint: 'WhatsApp rejected the file.' },
  { code: 131031, meaning: 'token-invalid', hint: 'Meta has locked the account.' },
  {
    code: 131042,
    meaning: 'token-invalid',
    hint: 'The account has a payment problem. Check its billing settings at Meta.',
  },
  { code: 131045, meaning: 'token-invalid', hint: 'The number is not registered.' },
  { code: 80007, meaning: 'rate-limit' },
  { code: 130429, meaning: 'rate-limit' },
  { code: 131048, meaning: 'rate-limit', hint: 'Too many recipients have reported or blocked this number.' },
  {
    code: 131056,
    meaning: 'contact-busy',
    hint: 'Too many messages were sent to this customer in a short time.',
  },
  { code: 131000, meaning: 'busy' },
  { code: 131016, meaning: 'busy' },
  { code: 4, meaning: 'rate-limit' },
  { code: 17, meaning: 'rate-limit' },
  { code: 32, meaning: 'rate-limit' },
  { code: 341, meaning: 'rate-limit' },
  { code: 368, meaning: 'rate-limit', hint: 'Meta has blocked the account temporarily.' },
  { code: 613, meaning: 'rate-limit' },
  { code: 1, meaning: 'busy' },
  { code: 2, meaning: 'busy' },
];

/** How long a channel pauses when a rate limit is reached and Meta names no time. */
const defaultPauseMs = 60_000;
/** How long to wait after sending too much to one contact: WhatsApp requires six seconds between two messages. */
const contactPauseMs = 6_000;

/** Classifies an error of a Graph API call. */
export function classifyGraphError(error: unknown): ChannelFailure {
  if (!(error instanceof GraphError)) return networkFailure(error);
  const { code, error_subcode: subcode } = error.error ?? {};
  const known = graphErrors.find(
    (row) => row.code === code && (row.subcode === undefined || row.subcode === subcode),
  );
  const message = known?.hint === undefined ? error.message : `${known.hint} ${error.message}`;
  const retry = retryAfterMs(error.headers);
  switch (known?.meaning ?? meaningOfStatus(error.status)) {
    case 'permanent':
      return { kind: 'permanent', error: message };
    case 'token-invalid':
      return { kind: 'channel-down', error: message };
    case 'rate-limit':
      return {
        kind: 'temporary',
        error: message,
        isUncertain: false,
        suspectsChannel: false,
        pauseMs: retry ?? pauseOf(error.headers) ?? defaultPauseMs,
      };
    case 'contact-busy':
      return {
        kind: 'temporary',
        error: message,
        isUncertain: false,
        suspectsChannel: false,
        retryAfterMs: retry ?? contactPauseMs,
      };
    case 'busy':
      return {
        kind: 'temporary',
        error: message,
        // Without an error object the response is from a proxy: the API behind it may have accepted the message.
        isUncertain: error.status >= 500 && error.error === undefined,
        suspectsChannel: error.status >= 500 && known === undefined,
        retryAfterMs: retry,
      };
  }
}

function meaningOfStatus(status: number): Meaning {
  if (status === 429) return 'rate-limit';
  return status >= 500 ? 'busy' : 'permanent';
}
