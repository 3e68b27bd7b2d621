import { afterEach, beforeEach } from 'vitest';
import { createTestDatabase, type TestDatabase } from './database.ts';
import {
  createEffectsTable,
  createNode,
  customerOf,
  type recording,
  type TestNode,
  type TestNodeOptions,
  tableOf,
} from './dispatch.ts';

type Listeners = readonly ReturnType<typeof recording>[];

/** Nodes on the database of one test. */
export interface TestNodes {
  /** Creates a node with listeners of new customers, or with the listeners of `options`. It does not start it. */
  create(listeners: Listeners, options?: Partial<TestNodeOptions>): TestNode;
  /** Creates and starts a node; the first of a test also creates the table that `recording` listeners write to. */
  start(listeners: Listeners, options?: Partial<TestNodeOptions>): Promise<TestNode>;
}

/**
 * Gives each test of a file a database of its own, and stops the nodes on it after the test.
 * @param options.allowLeaks for tests that cut connections.
 */
export function useNodes(options: { allowLeaks?: boolean } = {}): TestNodes {
  let database: TestDatabase;
  const nodes: TestNode[] = [];
  beforeEach(async () => {
    database = await createTestDatabase(options);
  });
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map((node) => node.stop()));
    await database.drop();
  });
  const create: TestNodes['create'] = (listeners, nodeOptions = {}) => {
    const table = tableOf({ NewCustomerProfileCreated: listeners });
    const node = createNode(database.connection, { table, ...nodeOptions });
    nodes.push(node);
    return node;
  };
  return {
    create,
    async start(listeners, nodeOptions) {
      const node = create(listeners, nodeOptions);
      if (nodes.length === 1) await createEffectsTable(node);
      await node.start();
      return node;
    },
  };
}

/** Raises the simplest event: a new customer with this ordering key and number, of the first app or another. */
export const raise = (on: TestNode, key: string, number = 1, appId = 1) =>
  on.unitOfWork.run(async (tx) =>
    tx.raise('NewCustomerProfileCreated', { customer: customerOf(key, number, appId) }),
  );
