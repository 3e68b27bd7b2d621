import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const conditions = ['@mevrik/source', 'node'];

/** The files that take longest, longest first. */
const longFiles = [
  'test/processes/workers.test.ts',
  'test/console/story.test.ts',
  'test/house/demo-day.test.ts',
  'test/console/desk.test.ts',
  'test/processes/cli.test.ts',
  'test/console/desk-team.test.ts',
  'test/redis/failover.test.ts',
  'test/console/desk-access.test.ts',
  'test/processes/start-refused.test.ts',
  'test/console/health.test.ts',
  'test/gateway/restart.test.ts',
  'test/processes/start-stop.test.ts',
  'test/processes/start-again.test.ts',
  'test/widget/states.test.ts',
  'test/dispatch/killed.test.ts',
  'test/redis/sentinel.test.ts',
  'test/providers/whatsapp-killed.test.ts',
  'test/providers/facebook-killed.test.ts',
  'test/email/killed.test.ts',
  'test/providers/telegram-killed.test.ts',
];

/** Starts the long files first, so that no core is idle while the last one finishes. */
class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = longFiles.indexOf(relative(this.ctx.config.root, moduleId));
      return index < 0 ? longFiles.length : index;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // A slow machine is no failure: these limits are for tests that hang.
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // One second, the default, is too short when several workers share a core.
    expect: { poll: { timeout: 30_000 } },
    pool: 'forks',
    // Files that share a process load the server's modules once; that halves the CPU time of the suite.
    isolate: false,
    // Tests spend much of their time waiting; with more workers, browsers starve.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: LongFilesFirst },
  },
});
