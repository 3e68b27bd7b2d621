import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createClient } from '@mevrik/client';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const hour = 3_600_000;

it('the demo plays a day of a shop: ten hours, three channels, customers served, surveyed, and some still waiting', async () => {
  const args = ['--import', 'tsx', '--conditions=@mevrik/source', 'scripts/demo.ts', 'day', '1500'];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let said = '';
  const isReady = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Stop with Ctrl+C')) resolve();
    });
  });
  try {
    await Promise.race([isReady, exited.then(() => Promise.reject(new Error(`It ended: ${said}`)))]);
    const [, url, email] = /(http:\S+)\/admin\s+as (\S+)/.exec(said) ?? [];
    const password = /of the administrator\s+(\S+)/.exec(said)?.[1] ?? '';
    const stranger = createClient({ url: `${url}`, appKey: 'none' });
    const { accessToken } = await stranger.rest.desk.login({ email: `${email}`, password });
    const { rest } = createClient({ url: `${url}`, appKey: 'none', token: accessToken });

    const { items } = await rest.desk.conversations({ view: 'all', limit: 100 });
    expect(items.length).toBeGreaterThanOrEqual(45);
    expect(new Set(items.map(({ session }) => session.channel))).toEqual(
      new Set(['web', 'facebook', 'email']),
    );
    const times = items.map(({ session }) => Date.parse(session.createdAt));
    expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(8 * hour);
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());
    expect((await rest.desk.queueItems({ status: 'waiting' })).items.length).toBeGreaterThanOrEqual(3);
    expect(
      (await rest.desk.sessions({ agentType: 'live', status: 'active' })).items.length,
    ).toBeGreaterThanOrEqual(3);
    const rated = items.filter(({ lastMessage }) => lastMessage?.kind === 'csat_answer');
    expect(rated.length).toBeGreaterThanOrEqual(1);
    // Events fall into many intervals of fifteen minutes: the day is visible in the charts, too.
    const { points } = await rest.admin.charts({ window: '24h' });
    const busy = points.filter(({ events, ageP95Ms }) => Object.keys(events).length > 0 && ageP95Ms !== null);
    expect(busy.length).toBeGreaterThanOrEqual(30);
  } finally {
    child.kill('SIGINT');
  }
  expect(await exited).toEqual([0, null]);
});
