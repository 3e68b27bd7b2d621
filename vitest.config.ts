import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['@mevrik/source', 'node'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // For what hangs: a slow machine takes long, and nothing is wrong with that.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // A second, as it would be, is little where several workers share a core.
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    // Tests wait much for one another's parts; more would have browsers starve.
    maxWorkers: availableParallelism() + 1,
  },
});
