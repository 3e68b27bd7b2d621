import type { NodemailerError } from 'nodemailer';
import { describe, expect, it } from 'vitest';
import { classifySmtpError } from './classify-smtp-error.ts';
import { SmtpError } from './smtp-sender.ts';

const server = { host: 'h', port: 25, tls: 'none', connections: 1, laterMinutes: 5 } as const;

function failure(error: Partial<NodemailerError>, hasStarted = false) {
  const { response = 'went wrong' } = error;
  return classifySmtpError(new SmtpError(Object.assign(new Error(response), error), hasStarted, server));
}
const said = (responseCode: number, text: string, command = 'RCPT TO', code = 'EENVELOPE') =>
  failure({ responseCode, response: `${responseCode} ${text}`, command, code });

describe('an SMTP response', () => {
  it.each([
    [550, '5.1.1 User unknown', 'RCPT TO'],
    [551, 'User not local', 'RCPT TO'],
    [552, '5.2.2 Mailbox full', 'RCPT TO'],
    [553, 'Sender address rejected', 'MAIL FROM'],
    [554, '5.7.1 Message refused', 'DATA'],
  ])('%i %s is permanent', (status, text, command) => {
    expect(said(status, text, command)).toEqual({
      kind: 'permanent',
      error: `The mail server rejected the email: ${status} ${text}`,
    });
  });

  it.each([
    [450, '4.2.0 Greylisted', 'RCPT TO'],
    [451, '4.3.0 Local error', 'DATA'],
    [452, '4.3.1 Out of storage', 'DATA'],
  ])('%i %s is temporary, with the channel’s retry delay', (status, text, command) => {
    expect(said(status, text, command)).toMatchObject({
      kind: 'temporary',
      isUncertain: false,
      suspectsChannel: false,
      retryAfterMs: 300_000,
    });
  });

  it.each([
    [550, '5.7.1 Rate limit exceeded'],
    [554, 'Too many messages, slow down'],
    [550, '5.4.5 Daily user sending quota exceeded'],
    [554, 'Message throttled'],
  ])('%i %s pauses the channel despite its permanent code', (status, text) => {
    expect(said(status, text)).toMatchObject({ kind: 'temporary', pauseMs: 60_000, isUncertain: false });
  });

  it.each([
    [535, 'Authentication credentials invalid', 'AUTH PLAIN', 'EAUTH'],
    [530, 'Authentication required', 'MAIL FROM', 'EENVELOPE'],
    [534, 'Use an app password', 'AUTH LOGIN', 'EAUTH'],
    [554, 'No SMTP service here', 'CONN', 'EPROTOCOL'],
  ])('%i %s takes the channel down', (status, text, command, code) => {
    expect(said(status, text, command, code)).toMatchObject({ kind: 'channel-down' });
  });

  it.each([
    [421, 'Shutting down', 'CONN', 'ECONNECTION'],
    [454, 'Temporary authentication failure', 'AUTH PLAIN', 'EAUTH'],
    [503, 'Bad sequence of commands', 'DATA', 'EENVELOPE'],
  ])('%i %s is temporary and may be caused by the channel', (status, text, command, code) => {
    expect(said(status, text, command, code)).toMatchObject({ kind: 'temporary', suspectsChannel: true });
  });
});

describe('a server that does not respond', () => {
  it.each(['ESOCKET', 'ETIMEDOUT', 'ECONNECTION', 'EDNS', 'ETLS'])(
    '%s is only uncertain if the content had been sent',
    (code) => {
      expect(failure({ code })).toMatchObject({
        kind: 'temporary',
        isUncertain: false,
        suspectsChannel: true,
      });
      expect(failure({ code }, true)).toMatchObject({
        kind: 'temporary',
        isUncertain: true,
        suspectsChannel: true,
      });
    },
  );

  it('takes the channel down if the password is missing', () => {
    expect(failure({ code: 'ENOAUTH' })).toMatchObject({ kind: 'channel-down' });
  });

  it('leaves it uncertain if it closes the connection after the content', () => {
    expect(failure({ code: 'ECONNECTION', responseCode: 421, response: '421 bye' }, true)).toMatchObject({
      isUncertain: true,
    });
  });
});

it('an invalid email is permanent', () => {
  expect(failure({ code: 'EENVELOPE', response: 'No recipients defined' })).toMatchObject({
    kind: 'permanent',
  });
});

it('any other error counts as a network error', () => {
  expect(classifySmtpError(new Error('what?'))).toMatchObject({ kind: 'temporary', isUncertain: true });
});
