import {
  type AcceptedMessage,
  type GraphFailure,
  type GraphStandIn,
  isFor,
  signWebhook,
  textOf,
} from '@mevrik/stand-ins';
import type { NewChannel } from './killed.ts';
import type { SendingChannel, SendingFailure } from './killed-steps.ts';
import { app, type RunningServer } from './server.ts';

const failures: Readonly<Record<SendingFailure, GraphFailure>> = {
  'never answers': { does: 'hang', accepts: false },
  'accepts without answering': { does: 'wait' },
  'asks to retry later': { does: 'refuse', code: 2, status: 500, headers: { 'retry-after': '600' } },
};

const isOf = (contactId: string, text: string) => (given: Pick<AcceptedMessage, 'body'>) =>
  isFor(contactId)(given) && textOf(given) === text;

/** Posts a webhook body as Meta does. @returns the status of the response. */
export async function postWebhook(
  server: RunningServer,
  { name, kind, settings }: NewChannel,
  payload: unknown,
): Promise<number> {
  const signed = signWebhook(payload, String(settings.appSecret));
  const path = `/webhooks/${kind}/${app.key}/${name}`;
  return (await fetch(`${server.url}${path}`, { method: 'POST', ...signed })).status;
}

/** What all channels that send through the Graph API have in common. */
export function throughGraph(graph: GraphStandIn) {
  return {
    inDoubt: 'sent again',
    textsFor: (contactId) => graph.textsFor(contactId),
    misbehave: (failure, contactId, text) => graph.misbehave(failures[failure], 1, isOf(contactId, text)),
    asked: (contactId, text) => graph.asked(isOf(contactId, text)),
    release: (contactId) => graph.release(isFor(contactId)),
  } satisfies Partial<SendingChannel>;
}

/** The first accepted message with this text. */
export function acceptedBy(
  graph: GraphStandIn,
  contactId: string,
  text: string,
): AcceptedMessage | undefined {
  return graph.accepted.find(isOf(contactId, text));
}
