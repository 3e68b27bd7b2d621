import { cutText } from '@mevrik/protocol';
import { type ChannelFailure, networkFailure } from '../channel-error.ts';
import { SmtpError } from './smtp-sender.ts';

/** How long a channel pauses when the server's rate limit is reached. */
const rateLimitPauseMs = 60_000;

/** Messages of a temporary limit, which some servers send with a permanent error code. */
const rateLimit =
  /rate.?limit|too many|too fast|throttl|quota|limit exceeded|exceeded .{0,40}(limit|allowance)|try again|deferred/i;

/** Status codes that reject the login: the channel cannot send anything. */
const loginRejected = [530, 534, 535, 538];
const loginErrorCodes = ['EAUTH', 'ENOAUTH', 'EOAUTH2', 'ECONFIG'];

/** Classifies an error of sending through SMTP: 4xx is temporary, 5xx is permanent. */
export function classifySmtpError(error: unknown): ChannelFailure {
  if (!(error instanceof SmtpError)) return networkFailure(error);
  const { code = '', status, command, hasStarted, laterMs } = error;
  const reason = cutText(error.message.replace(/\s+/g, ' '), 500);
  const temporary = { kind: 'temporary', isUncertain: false, suspectsChannel: false } as const;
  if (status === undefined) return classifyWithoutResponse(code, reason, hasStarted);
  if (status >= 500 && (loginRejected.includes(status) || loginErrorCodes.includes(code))) {
    return { kind: 'channel-down', error: `The mail server rejected the login: ${reason}` };
  }
  if (status >= 500 && rateLimit.test(reason)) {
    return {
      ...temporary,
      error: `The mail server’s rate limit was reached: ${reason}`,
      pauseMs: rateLimitPauseMs,
    };
  }
  if (status >= 500 && status !== 503) {
    return command === 'CONN' || command === 'EHLO'
      ? { kind: 'channel-down', error: `The mail server refused the connection: ${reason}` }
      : { kind: 'permanent', error: `The mail server rejected the email: ${reason}` };
  }
  const isOfChannel =
    status === 421 || status === 503 || command === 'CONN' || loginErrorCodes.includes(code);
  return {
    ...temporary,
    error: `The mail server deferred the email: ${reason}`,
    suspectsChannel: isOfChannel,
    // The server closed the connection after it had received some or all of the email.
    isUncertain: hasStarted && status === 421,
    ...(isOfChannel ? {} : { retryAfterMs: laterMs }),
  };
}

function classifyWithoutResponse(code: string, reason: string, hasStarted: boolean): ChannelFailure {
  if (code === 'EENVELOPE' || code === 'EMESSAGE') {
    return { kind: 'permanent', error: `The email is invalid: ${reason}` };
  }
  if (loginErrorCodes.includes(code)) {
    return { kind: 'channel-down', error: `The mail server rejected the login: ${reason}` };
  }
  const error = `The mail server could not be reached or did not respond: ${reason}`;
  return { kind: 'temporary', error, isUncertain: hasStarted, suspectsChannel: true };
}
