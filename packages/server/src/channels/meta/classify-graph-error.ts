import { type ChannelFailure, networkFailure } from '../channel-error.ts';
import { GraphError } from './graph-client.ts';
import { pauseOf, retryAfterMs } from './graph-limits.ts';

type Meaning = 'busy' | 'contact-busy' | 'rate-limit' | 'token-dead' | 'permanent';

/**
 * What the Graph API's codes mean to a delivery, most special first; the first that fits counts. A code that is not
 * here is permanent when the request was refused, and temporary when the server failed.
 */
const graphErrors: readonly {
  readonly code: number;
  readonly subcode?: number;
  readonly meaning: Meaning;
  /** What a person should know, where Meta's own words do not say it. */
  readonly hint?: string;
}[] = [
  { code: 10, subcode: 2018278, meaning: 'permanent', hint: 'The 24 hours for a reply are over.' },
  { code: 10, subcode: 2018065, meaning: 'permanent', hint: 'The 24 hours for a reply are over.' },
  { code: 10, subcode: 2534022, meaning: 'permanent', hint: 'The 24 hours for a reply are over.' },
  { code: 10, subcode: 2018108, meaning: 'permanent', hint: 'This person cannot receive messages now.' },
  { code: 10, subcode: 2018300, meaning: 'permanent', hint: 'Another app has the conversation.' },
  { code: 100, subcode: 2018001, meaning: 'permanent', hint: 'There is no such person.' },
  { code: 100, subcode: 2018047, meaning: 'permanent', hint: 'The attachment could not be uploaded.' },
  { code: 100, subcode: 2018109, meaning: 'permanent', hint: 'The attachment is too large.' },
  { code: 200, subcode: 1545041, meaning: 'permanent', hint: 'This person is not available.' },
  { code: 551, meaning: 'permanent', hint: 'This person is not available.' },
  {
    code: 10900,
    meaning: 'permanent',
    hint: 'The comment was answered privately before; it can be but once.',
  },
  {
    code: 190,
    meaning: 'token-dead',
    hint: 'The token is no longer valid: give the channel a new one.',
  },
  {
    code: 102,
    meaning: 'token-dead',
    hint: 'The token is no longer valid: give the channel a new one.',
  },
  {
    code: 131047,
    meaning: 'permanent',
    hint: 'The customer has not written for 24 hours: WhatsApp takes only templates until they do.',
  },
  { code: 131026, meaning: 'permanent', hint: 'This number cannot get messages on WhatsApp.' },
  { code: 131021, meaning: 'permanent', hint: 'The number is our own.' },
  { code: 131051, meaning: 'permanent', hint: 'WhatsApp does not know this kind of message.' },
  { code: 131052, meaning: 'permanent', hint: 'WhatsApp could not fetch the file.' },
  { code: 131053, meaning: 'permanent', hint: 'WhatsApp does not take this file.' },
  { code: 131031, meaning: 'token-dead', hint: 'Meta has locked the account.' },
  { code: 131042, meaning: 'token-dead', hint: 'The account cannot pay: see its settings at Meta.' },
  { code: 131045, meaning: 'token-dead', hint: 'The number is not registered.' },
  { code: 80007, meaning: 'rate-limit' },
  { code: 130429, meaning: 'rate-limit' },
  { code: 131048, meaning: 'rate-limit', hint: 'People have reported too much from this number.' },
  { code: 131056, meaning: 'contact-busy', hint: 'Too much went to this person in a short time.' },
  { code: 131000, meaning: 'busy' },
  { code: 131016, meaning: 'busy' },
  { code: 4, meaning: 'rate-limit' },
  { code: 17, meaning: 'rate-limit' },
  { code: 32, meaning: 'rate-limit' },
  { code: 341, meaning: 'rate-limit' },
  { code: 368, meaning: 'rate-limit', hint: 'Meta has blocked the account for a while.' },
  { code: 613, meaning: 'rate-limit' },
  { code: 1, meaning: 'busy' },
  { code: 2, meaning: 'busy' },
];

/** For how long nothing is sent when a rate limit is reached and Meta does not say. */
const defaultPauseMs = 60_000;
/** How long one person is left alone whom too much was sent to. WhatsApp wants six seconds between two messages. */
const contactPauseMs = 6_000;

/** What an error of a Graph call means. */
export function classifyGraphError(error: unknown): ChannelFailure {
  if (!(error instanceof GraphError)) return networkFailure(error);
  const { code, error_subcode: subcode } = error.error ?? {};
  const known = graphErrors.find(
    (row) => row.code === code && (row.subcode === undefined || row.subcode === subcode),
  );
  const said = known?.hint === undefined ? error.message : `${known.hint} ${error.message}`;
  const retry = retryAfterMs(error.headers);
  switch (known?.meaning ?? meaningOfStatus(error.status)) {
    case 'permanent':
      return { kind: 'permanent', error: said };
    case 'token-dead':
      return { kind: 'channel-down', error: said };
    case 'rate-limit':
      return {
        kind: 'temporary',
        error: said,
        isUncertain: false,
        suspectsChannel: false,
        pauseMs: retry ?? pauseOf(error.headers) ?? defaultPauseMs,
      };
    case 'contact-busy':
      return {
        kind: 'temporary',
        error: said,
        isUncertain: false,
        suspectsChannel: false,
        retryAfterMs: retry ?? contactPauseMs,
      };
    case 'busy':
      return {
        kind: 'temporary',
        error: said,
        // An error without a word of the API itself is a proxy's: what lies behind may have taken the message.
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
