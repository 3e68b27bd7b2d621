import { type GraphStandIn, startGraphStandIn } from '@mevrik/stand-ins';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ofThread, page } from '../support/facebook.ts';
import { type Killed, prepareKilled } from '../support/killed.ts';
import { acceptedBy, postWebhook, throughGraph } from '../support/killed-graph.ts';
import { expectedOutcomes, killAtEveryStep, type SendingChannel } from '../support/killed-steps.ts';
import { type RunningServer, stop } from '../support/server.ts';

const channel = { name: 'page', kind: 'facebook', settings: page };
let graph: GraphStandIn;
let killed: Killed;
beforeEach(async () => {
  graph = await startGraphStandIn();
  killed = await prepareKilled({ GRAPH_API_URL: graph.url });
});
afterEach(async () => {
  await killed.stop();
  await graph.stop();
});

const writes = (server: RunningServer, person: string, text: string, timestamp = Date.now()) =>
  postWebhook(
    server,
    channel,
    ofThread({ sender: { id: person }, timestamp, message: { mid: `${person} ${text}`, text } }),
  );

/** Facebook reports that a message of ours has arrived. */
function echo(server: RunningServer, person: string, text: string) {
  const arrived = acceptedBy(graph, person, text);
  const { metadata } = arrived?.body.message ?? {};
  const message = { mid: arrived?.id, is_echo: true, app_id: 1, metadata, text };
  const event = ofThread({ sender: { id: page.pageId }, recipient: { id: person }, message });
  return postWebhook(server, channel, event);
}

it('killed at every step of sending: nothing is lost, order is kept, and possible duplicates are on record', async () => {
  const facebook: SendingChannel = {
    ...throughGraph(graph),
    channel,
    contact: (number) => `person-${number}`,
    writes,
    confirm: echo,
  };
  expect(await killAtEveryStep(killed, facebook)).toEqual(expectedOutcomes(facebook));
}, 240_000);

it('a webhook event that was answered with 200 becomes a message once and in order, whenever the server is killed', async () => {
  const { server } = await killed.first(channel);
  const taken: string[] = [];
  let end: Promise<unknown> | undefined;
  const people = ['ann', 'bob', 'cy', 'di'];
  const texts = Array.from({ length: 30 }, (_, number) => `text ${String(number).padStart(2, '0')}`);
  const send = async (to: RunningServer, person: string) => {
    for (const [at, text] of texts.entries()) {
      if ((await writes(to, person, text, 1_700_000_000_000 + at)) !== 200) return;
      taken.push(`${person} ${text}`);
      if (taken.length === 50) end = stop(server, 'SIGKILL');
    }
  };
  await Promise.allSettled(people.map((person) => send(server, person)));
  await end;
  expect(taken.length).toBeGreaterThanOrEqual(50);

  const again = await killed.start();
  const stored = async () =>
    (
      await killed.database.sql<
        { id: string }[]
      >`SELECT external_id AS id FROM messages WHERE NOT is_reply ORDER BY id`
    ).map(({ id }) => id);
  const missing = async () => {
    const known = new Set(await stored());
    return taken.filter((id) => !known.has(id));
  };
  await expect.poll(missing).toEqual([]);
  // Facebook resends what was not answered with 200, and everything else too, as at-least-once allows.
  await Promise.all(people.map((person) => send(again, person)));
  await expect.poll(async () => (await stored()).length).toBe(people.length * texts.length);
  const all = await stored();
  for (const person of people) {
    expect(all.filter((id) => id.startsWith(person))).toEqual(texts.map((text) => `${person} ${text}`));
  }
}, 240_000);
