import { afterEach, expect, it } from 'vitest';
import { eventually } from '../support/dispatch.ts';
import {
  appEnv,
  cleanUp,
  history,
  migratedDataDir,
  postgresOf,
  startServer,
  stop,
  visit,
} from '../support/server.ts';

afterEach(cleanUp);

it('conversations go on after the embedded PostgreSQL was killed; nothing that was accepted is lost', async () => {
  const dataDir = await migratedDataDir();
  const server = await startServer({ DATA_DIR: dataDir, ...appEnv });
  const { token } = await visit(server);
  const write = (text: string) => server.call('POST', '/v1/messages', { token, body: { text } });
  expect((await write('one')).status).toBe(201);

  const killed = postgresOf(dataDir) ?? 0;
  process.kill(killed, 'SIGKILL');
  await eventually(
    () => write('two'),
    ({ status }) => status === 201,
  );
  const said = async (sender: string) =>
    (await history(server, token)).filter(({ from }) => from === sender).map(({ text }) => text);
  expect(await said('customer')).toEqual(['one', 'two']);
  // Both events were handled: the bot has greeted the visitor and answered each message.
  await expect.poll(() => said('bot')).toHaveLength(3);
  await expect.poll(async () => (await server.call('GET', '/readyz')).status).toBe(200);

  const restarted = postgresOf(dataDir);
  expect(restarted).not.toBe(killed);
  expect(await stop(server)).toEqual({ code: 0, signal: null });
  expect(postgresOf(dataDir)).toBeUndefined();
});
