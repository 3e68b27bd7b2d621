// `npm run soak -- --minutes 60`: customers come, ask and leave on one node without failures, a visitor writes with an
// agent and a contact with an HTTP bot all the time. Memory and the size of the database are sampled; nothing may be
// lost, doubled or stuck, and memory must not grow. `--write` stores the table in test/chaos/soak.md.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ChaosAgent } from './agent.ts';
import { Measurements } from './measurements.ts';
import { prepare } from './postgres.ts';
import { repeat } from './repeat.ts';
import { keepWriting } from './run.ts';
import { ChaosContact } from './telegram.ts';
import { countUnfinished, findLogViolations, findPeopleViolations, type People } from './verify.ts';
import { ChaosVisitor } from './visitor.ts';
import { app, agent as staff, startWorld, type World } from './world.ts';

/** Visitors who are there at the same time, one after another in each slot. */
const visitorsAtOnce = 4;
const questionsPerVisit = 10;
const pauseMs = 300;
/** What takes longer than this is stuck. */
const stuckMs = 60_000;
const schedule = {
  seed: 0,
  nodes: 1,
  workers: 1,
  hasRedis: true,
  visitors: visitorsAtOnce,
  contacts: 1,
  hasAgent: true,
  failures: [],
};

const { minutes, write } = readOptions();
const { directory, postgres } = await prepare('mevrik-soak-');
try {
  const world = await startWorld(schedule, postgres, join(directory, 'logs'));
  try {
    const { violations, table, isFlat } = await soak(world);
    console.log(`${violations.join('\n')}\n${table}`);
    if (!isFlat) console.log('Memory has grown.');
    if (write) await writeFile(new URL('soak.md', import.meta.url), table);
    process.exitCode = violations.length > 0 || !isFlat ? 1 : 0;
  } finally {
    await world.stop();
  }
} finally {
  await postgres.stop();
  await rm(directory, { recursive: true });
}

function readOptions() {
  const { values } = parseArgs({ options: { minutes: { type: 'string' }, write: { type: 'boolean' } } });
  const minutes = Number(values.minutes ?? 60);
  if (!(minutes > 0)) throw new Error('--minutes must be a number above zero.');
  return { minutes, write: values.write ?? false };
}

/** Has customers write until the time has passed. @returns what was measured, and what went wrong. */
async function soak(world: World) {
  const { sql } = world.database;
  const violations: string[] = [];
  const measurements = new Measurements(world.url, sql);
  const ending = new AbortController();
  const lasting = await begin(world, ending.signal);
  const visits = Array.from({ length: visitorsAtOnce }, async (_, slot) => {
    for (let count = 1; !ending.signal.aborted; count += 1) {
      violations.push(...(await visit(world, `${slot}-${count}`)));
    }
  });
  await measurements.sampleFor(minutes * 60_000);
  ending.abort();
  await Promise.all([...visits, ...lasting.writing]);
  await settled(async () => ((await countUnfinished(sql)) === 0 ? [] : ['Some work is not done.']));
  violations.push(
    ...(await settled(() => findPeopleViolations(sql, lasting.people))),
    ...(await findLogViolations(sql)),
    ...world.crashes(),
  );
  for (const person of [...lasting.people.visitors, ...lasting.people.agents]) person.leave();
  return { violations, table: await measurements.print(violations.length), isFlat: measurements.isFlat };
}

/** Those who write all the time: a visitor with an agent, and a contact on Telegram. */
async function begin({ url, telegram }: World, signal: AbortSignal) {
  if (!telegram) throw new Error('The schedule has a contact.');
  const desk = { url, appKey: app.key };
  const visitor = await ChaosVisitor.begin({ ...desk, name: 'lasting' });
  const agent = await ChaosAgent.accept({ ...desk, ...staff }, visitor);
  const contact = new ChaosContact(url, telegram, 1);
  const people: People = { visitors: [visitor], agents: [agent], contacts: [contact] };
  const asking = keepWriting([visitor, contact], signal);
  // The agent goes on until every question is answered.
  const working = new AbortController();
  const answering = agent.work(working.signal);
  const ended = asking
    .then(() => settled(async () => agent.unanswered().map(({ id }) => `Question ${id} has no answer.`)))
    .then(() => working.abort());
  return { people, writing: [ended, answering] };
}

/** A visitor comes, asks, waits for each reply, and leaves. @returns what went wrong. */
async function visit({ url, database: { sql } }: World, name: string): Promise<readonly string[]> {
  const visitor = await repeat(() => ChaosVisitor.begin({ url, appKey: app.key, name }));
  try {
    for (let count = 0; count < questionsPerVisit; count += 1) {
      const question = await visitor.write(AbortSignal.timeout(stuckMs));
      const isAnswered = () => question !== undefined && visitor.hasReply(question);
      const wrong = await settled(async () => (isAnswered() ? [] : [`Visitor ${name} got no reply.`]));
      if (wrong.length > 0) return wrong;
      await delay(pauseMs);
    }
    return await settled(() => findPeopleViolations(sql, { visitors: [visitor], agents: [], contacts: [] }));
  } finally {
    visitor.leave();
  }
}

/** Waits until nothing is wrong any more. @returns what still is after a minute. */
async function settled(find: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const until = performance.now() + stuckMs;
  for (;;) {
    const wrong = await find();
    if (wrong.length === 0 || performance.now() > until) return wrong;
    await delay(50);
  }
}
