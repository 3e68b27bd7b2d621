import { type ChannelFailure, networkFailure } from '../channel-error.ts';
import { SmtpError } from './smtp-sender.ts';

/** For how long nothing is sent where a server says that it was too much. */
const tooMuchMs = 60_000;

/** A server's words for a limit that passes, though its code says that the mail is refused for good. */
const rateLimit =
  /rate.?limit|too many|too fast|throttl|quota|limit exceeded|exceeded .{0,40}(limit|allowance)|try again|deferred/i;

/** Answers that say that whoever sends may not: nothing of this channel gets through. */
const notAllowed = [530, 534, 535, 538];
const logInCodes = ['EAUTH', 'ENOAUTH', 'EOAUTH2', 'ECONFIG'];

/** What an error of handing a mail to its server means: 4xx is for now, 5xx is for good. */
export function classifySmtpError(error: unknown): ChannelFailure {
  if (!(error instanceof SmtpError)) return networkFailure(error);
  const { code = '', status, command, isBegun, laterMs } = error;
  const said = error.message.replace(/\s+/g, ' ').slice(0, 500);
  const temporary = { kind: 'temporary', isUncertain: false, suspectsChannel: false } as const;
  if (status === undefined) return withoutAnswer(code, said, isBegun);
  if (status >= 500 && (notAllowed.includes(status) || logInCodes.includes(code))) {
    return { kind: 'channel-down', error: `The mail server does not let the channel in: ${said}` };
  }
  if (status >= 500 && rateLimit.test(said)) {
    return { ...temporary, error: `The mail server takes no more for now: ${said}`, pauseMs: tooMuchMs };
  }
  if (status >= 500 && status !== 503) {
    return command === 'CONN' || command === 'EHLO'
      ? { kind: 'channel-down', error: `The mail server does not serve us: ${said}` }
      : { kind: 'permanent', error: `The mail was refused: ${said}` };
  }
  const isOfChannel = status === 421 || status === 503 || command === 'CONN' || logInCodes.includes(code);
  return {
    ...temporary,
    error: `The mail server said "later": ${said}`,
    suspectsChannel: isOfChannel,
    // It closed the connection after it was given the mail, or a part of it.
    isUncertain: isBegun && status === 421,
    ...(isOfChannel ? {} : { retryAfterMs: laterMs }),
  };
}

function withoutAnswer(code: string, said: string, isBegun: boolean): ChannelFailure {
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    return { kind: 'permanent', error: `The mail cannot be sent: ${said}` };
  }
  if (logInCodes.includes(code)) {
    return { kind: 'channel-down', error: `The mail server does not let the channel in: ${said}` };
  }
  const error = `The mail server could not be reached, or did not answer: ${said}`;
  return { kind: 'temporary', error, isUncertain: isBegun, suspectsChannel: true };
}
