import { afterAll, beforeAll } from 'vitest';
import { startRedis, type TestRedis } from './redis.ts';

/** A Redis for all tests of a file; for the top of the file or of a `describe`. */
export function useRedis(): TestRedis {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  return {
    get url() {
      return redis.url;
    },
    stop: () => redis.stop(),
    restart: () => redis.restart(),
    whileHanging: (work) => redis.whileHanging(work),
  };
}
