import type { RedisConnection } from './redis-connection.ts';

/** The Redis commands in use, by their Redis names. They reject at once while the key is unreachable. */
export type RedisCommands = ReturnType<typeof createCommands>;

/** Runs `work` on the connection to the server of a key; throws or rejects when there is none. */
export type AtKey = <Result>(
  key: string,
  work: (connection: RedisConnection) => Promise<Result>,
) => Promise<Result>;

/** A MULTI transaction being built. */
export type Transaction = ReturnType<RedisConnection['multi']>;

/** Creates the commands; each is sent to the server of its key. */
export function createCommands(at: AtKey) {
  return {
    get: async (key: string) => at(key, (one) => one.get(key)),
    set: async (key: string, value: string, options?: { readonly PX?: number; readonly GET?: true }) =>
      at(key, (one) => one.set(key, value, options)),
    del: async (key: string) => at(key, (one) => one.del(key)),
    exists: async (key: string) => at(key, (one) => one.exists(key)),
    pExpire: async (key: string, ms: number) => at(key, (one) => one.pExpire(key, ms)),
    hGet: async (key: string, field: string) => at(key, (one) => one.hGet(key, field)),
    hGetAll: async (key: string) => at(key, (one) => one.hGetAll(key)),
    hSetNX: async (key: string, field: string, value: string) =>
      at(key, (one) => one.hSetNX(key, field, value)),
    hDel: async (key: string, field: string) => at(key, (one) => one.hDel(key, field)),
    hmGet: async (key: string, fields: string[]) => at(key, (one) => one.hmGet(key, fields)),
    hKeys: async (key: string) => at(key, (one) => one.hKeys(key)),
    hVals: async (key: string) => at(key, (one) => one.hVals(key)),
    sAdd: async (key: string, member: string) => at(key, (one) => one.sAdd(key, member)),
    sRem: async (key: string, member: string) => at(key, (one) => one.sRem(key, member)),
    sMembers: async (key: string) => at(key, (one) => one.sMembers(key)),
    zAdd: async (key: string, member: { readonly score: number; readonly value: string }) =>
      at(key, (one) => one.zAdd(key, member)),
    zRem: async (key: string, member: string) => at(key, (one) => one.zRem(key, member)),
    zScore: async (key: string, member: string) => at(key, (one) => one.zScore(key, member)),
    zRangeByScore: async (key: string, min: number | string, max: number | string) =>
      at(key, (one) => one.zRangeByScore(key, min, max)),
    /** Runs a script; all its keys must be in one slot. */
    eval: async (script: string, given: { keys: [string, ...string[]]; arguments: string[] }) =>
      at(given.keys[0], (one) => one.eval(script, given)),
    /** Runs a MULTI transaction; all its keys must be in one slot. */
    transaction: async (key: string, fill: (transaction: Transaction) => void) =>
      at(key, async (one) => {
        const transaction = one.multi();
        fill(transaction);
        await transaction.exec();
      }),
  };
}
