import { ProblemError } from '@mevrik/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import type { Principal } from '../../packages/server/src/auth/principal.ts';
import { acme, people, type RawClient, startGateway, type TestGateway } from '../support/gateway.ts';

let server: TestGateway;
afterEach(() => server.stop());

/** Tokens of agent 5, and the current result of checking each. */
let tokens: Record<string, Principal | ProblemError>;
const start = async () => {
  tokens = { first: people.agent, second: people.agent };
  server = await startGateway({
    config: { recheckMs: 20 },
    authenticate: async (header) => {
      const worth = tokens[(header ?? '').replace('Bearer ', '')];
      if (!worth || worth instanceof ProblemError) throw worth ?? new ProblemError('unauthenticated', 'Who?');
      return worth;
    },
  });
};

/** An agent's client, subscribed to the queues with this token. */
async function listen(token: string): Promise<RawClient> {
  const client = server.raw();
  const socketId = await client.socketId();
  client.subscribe('private-queues', await sign(socketId, token));
  await client.next('pusher_internal:subscription_succeeded');
  return client;
}

async function sign(socketId: string, token: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/broadcasting/auth`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ socket_id: socketId, channel_name: 'private-queues' }),
  });
  return (await response.json()) as Record<string, unknown>;
}

/**
 * Resolves once every token has been checked after this call; another one is closed in the same round or
 * later.
 */
async function roundOver(): Promise<void> {
  tokens.marker = people.agent;
  const marker = await listen('marker');
  tokens.marker = new ProblemError('unauthenticated', 'over');
  await marker.closed;
}

describe('a connection with an authorized subscription', () => {
  it.each([
    ['the login has ended', new ProblemError('unauthenticated', 'You have been logged out.'), ['agent 5']],
    ['the token has expired', new ProblemError('token_expired', 'Refresh it.'), []],
    [
      'the agent has lost access to the app',
      { ...people.agent, appIds: [2] } satisfies Principal,
      ['agent 5'],
    ],
  ])('is closed with 4200 when %s', async (_what, worth, audited) => {
    await start();
    const client = await listen('first');
    tokens.first = worth;
    expect((await client.closed).code).toBe(4200);
    const revoked = server.audited.filter(({ action }) => action === 'connection.revoked');
    expect(revoked.map(({ actor }) => actor)).toEqual(audited);
    const again = server.raw();
    again.subscribe('private-queues', await sign(await again.socketId(), 'first'));
    await again.next('pusher:subscription_error');
  });

  it('stays open when a newer token was presented in time', async () => {
    await start();
    const client = server.raw();
    const socketId = await client.socketId();
    client.subscribe('private-queues', await sign(socketId, 'first'));
    await client.next('pusher_internal:subscription_succeeded');
    await sign(socketId, 'second');
    tokens.first = new ProblemError('token_expired', 'Refresh it.');
    await roundOver();
    await client.settled();
    tokens.second = new ProblemError('token_expired', 'Refresh it.');
    expect((await client.closed).code).toBe(4200);
  });

  it('stays open while the token cannot be checked', async () => {
    await start();
    const client = await listen('first');
    tokens.first = new ProblemError('unavailable', 'The database is away.');
    await new Promise<void>((resolve) => {
      let asked = 0;
      tokens = new Proxy(tokens, {
        get(target, name: string) {
          if (name === 'first' && ++asked === 3) resolve();
          return target[name];
        },
      });
    });
    await client.settled();
  });
});

describe('an app that is disabled', () => {
  it('loses its connections with 4003', async () => {
    let enabled = true;
    const app = () => ({ ...acme, enabled });
    server = await startGateway({
      config: { recheckMs: 20 },
      apps: { byId: async () => app(), byKey: async () => app() },
    });
    const client = server.raw();
    await client.socketId();
    enabled = false;
    expect((await client.closed).code).toBe(4003);
  });
});
