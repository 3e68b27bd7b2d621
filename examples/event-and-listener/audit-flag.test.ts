import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Broadcast } from '../../packages/server/src/dispatch/broadcasts.ts';
import { AuditFlag } from '../../packages/server/src/listeners/audit-flag.ts';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.ts';
import { createNode, type TestNode, tableOf } from '../../test/support/dispatch.ts';

const flag = {
  appId: 1,
  sessionId: 5,
  conversationKey: '1/web:vera',
  agentId: 7,
  reason: 'Refund above the limit',
};

let database: TestDatabase;
let node: TestNode;
let broadcasts: Broadcast[];
beforeEach(async () => {
  database = await createTestDatabase();
  broadcasts = [];
  node = createNode(database.connection, {
    table: tableOf({ ConversationFlaggedEvent: [AuditFlag] }),
    publish: async (messages) => void broadcasts.push(...messages),
  });
  await node.start();
});
afterEach(async () => {
  await node.stop();
  await database.drop();
});

const entries = () => node.database.sql`
  SELECT actor, target FROM audit_entries WHERE action = 'conversation.flag'`;

it('records a flag once and broadcasts it to the app’s queues', async () => {
  await node.unitOfWork.run(async (tx) => tx.raise('ConversationFlaggedEvent', { flag }));
  await expect.poll(entries).toEqual([{ actor: 'agent 7', target: 'session 5' }]);
  await expect
    .poll(() => broadcasts)
    .toMatchObject([{ event: 'conversation_flagged', topic: 'queues-app-1' }]);
});

it('leaves nothing behind when the command that raised it fails', async () => {
  const command = node.unitOfWork.run(async (tx) => {
    tx.raise('ConversationFlaggedEvent', { flag });
    throw new Error('The command failed.');
  });
  await expect(command).rejects.toThrow('The command failed.');
  await expect(node.database.sql`SELECT id FROM events`).resolves.toEqual([]);
});

it('cannot be raised with invalid data', async () => {
  const command = node.unitOfWork.run(async (tx) => {
    tx.raise('ConversationFlaggedEvent', { flag: { ...flag, reason: '' } });
  });
  await expect(command).rejects.toMatchObject({ code: 'invalid_event_data' });
});
