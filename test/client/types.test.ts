/** Type tests of the SDK: `npm run types` compiles this file, and every expected error must be one. */
import { type Client, createClient, type EventsOf } from '@mevrik/client';
import type { Message, QueueItem } from '@mevrik/protocol';
import { describe, expectTypeOf, it } from 'vitest';

const client: Client = createClient({ url: 'http://127.0.0.1:9', appKey: 'key' });
/** Never called, only compiled. */
function uses(sessionId: number): void {
  const session = client.subscribe(`session${sessionId}`);
  session.on('message_post', ({ message }) => expectTypeOf(message).toEqualTypeOf<Message>());
  session.on('typing', ({ by }) => expectTypeOf(by).toEqualTypeOf<'customer' | 'agent'>());
  client.subscribe('queues').on('queue_created', ({ queueItem }) => {
    expectTypeOf(queueItem).toEqualTypeOf<QueueItem>();
  });
  client.subscribe('presence-session7').on('message_reply', ({ message }) => message.content.text);
  client.subscribe('shop-updates').on('anything', (data) => expectTypeOf(data).toBeUnknown());
  // @ts-expect-error there is no such event
  session.on('message_posted', () => {});
  // @ts-expect-error a message has no such field
  session.on('message_post', ({ message }) => message.body);
  // @ts-expect-error the public topic contains no text
  client.subscribe('messages').on('message_post', ({ message }) => message.content);
  // @ts-expect-error a subscription has no such event
  session.when('gone', () => {});
  // @ts-expect-error a message is required
  void client.rest.visitor.writeMessage();
  // @ts-expect-error there is no such kind
  void client.rest.visitor.writeMessage({ kind: 'shout', text: 'hello' });
  // @ts-expect-error a transfer needs a target
  void client.rest.desk.transfer(1, { to: { team: true } });
}

describe('the types of the SDK', () => {
  it('know the events of the catalogue', () => {
    expectTypeOf<keyof EventsOf<'session1'>>().toExtend<string>();
    expectTypeOf<
      'message_post' | 'message_reply' | 'case_closed' | 'case_start' | 'queue_created'
    >().toExtend<keyof EventsOf<'session1'>>();
    expectTypeOf(uses).toBeFunction();
  });
});
