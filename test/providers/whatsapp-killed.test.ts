import { type GraphStandIn, startGraphStandIn } from '@mevrik/stand-ins';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Killed, prepareKilled } from '../support/killed.ts';
import { acceptedBy, postWebhook, throughGraph } from '../support/killed-graph.ts';
import { expectedOutcomes, killAtEveryStep, type SendingChannel } from '../support/killed-steps.ts';
import { whatsappBody, whatsappStatus, whatsappText } from '../support/whatsapp.ts';

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

it('killed at every step of sending: nothing is lost, order is kept, and possible duplicates are on record', async () => {
  const secrets = { appSecret: 'meta-app-secret-0123', verifyToken: 'verify-me-please' };
  const settings = { phoneNumberId: '700', accessToken: 'token-of-700', ...secrets };
  const channel = { name: 'wa', kind: 'whatsapp', settings };
  const whatsapp: SendingChannel = {
    ...throughGraph(graph),
    channel,
    contact: (number) => `880${number}`,
    writes: (server, person, text) => postWebhook(server, channel, whatsappBody(whatsappText(person, text))),
    confirm(server, person, text) {
      const { id, body } = acceptedBy(graph, person, text) ?? {};
      const { biz_opaque_callback_data } = body ?? {};
      const status = { id: `wamid.${id}`, status: 'sent', biz_opaque_callback_data };
      return postWebhook(server, channel, whatsappBody(whatsappStatus(person, status)));
    },
  };
  expect(await killAtEveryStep(killed, whatsapp)).toEqual(expectedOutcomes(whatsapp));
}, 240_000);
