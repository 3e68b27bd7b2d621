import { statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const conditions = ['@mevrik/source', 'node'];

/** Where Linux keeps files in memory, if there is room: a database is created there in a tenth of the time. */
const memoryDirectory = '/dev/shm';
if (process.env.TMPDIR === undefined && freeBytesOf(memoryDirectory) > 4 * 2 ** 30) {
  process.env.TMPDIR = memoryDirectory;
}

function freeBytesOf(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    // It exists on Linux only.
    return 0;
  }
}

/** The files that take longest, longest first. */
const longFiles = [
  'test/redis/sentinel.test.ts',
  'test/processes/workers.test.ts',
  'test/console/desk.test.ts',
  'test/console/health.test.ts',
  'test/console/story.test.ts',
  'test/processes/cli.test.ts',
  'test/redis/cluster.test.ts',
  'test/redis/failover.test.ts',
  'test/gateway/restart.test.ts',
  'packages/server/src/db/embedded.test.ts',
  'test/email/killed.test.ts',
  'test/house/demo-day.test.ts',
  'test/email/mailbox.test.ts',
  'test/console/desk-access.test.ts',
  'test/console/desk-team.test.ts',
  'test/processes/start-refused.test.ts',
  'test/widget/states.test.ts',
  'test/gateway/floods.test.ts',
  'test/processes/start-stop.test.ts',
  'test/providers/facebook-killed.test.ts',
  'test/conversation/attachments.test.ts',
  'test/processes/start-again.test.ts',
  'test/console/panel.test.ts',
  'test/processes/crew.test.ts',
  'test/gateway/peers.test.ts',
  'test/dispatch/killed.test.ts',
  'test/console/config.test.ts',
  'test/gateway/nodes.test.ts',
  'test/console/desk-cut.test.ts',
  'test/widget/widget.test.ts',
  'test/providers/delivery-channels.test.ts',
  'test/dispatch/failures.test.ts',
  'test/providers/telegram-killed.test.ts',
  'test/email/failures.test.ts',
  'test/contracts/event-guide.test.ts',
  'test/providers/whatsapp-killed.test.ts',
  'test/gateway/inspection.test.ts',
  'test/gateway/cuts.test.ts',
  'test/console/events.test.ts',
  'test/console/comments.test.ts',
  'test/email/listener.test.ts',
  'test/providers/meta-floods.test.ts',
  'test/console/desk-reading.test.ts',
  'test/processes/settings.test.ts',
  'test/admin/people.test.ts',
  'test/http/server.test.ts',
  'test/house/guides.test.ts',
  'test/gateway/webhooks.test.ts',
  'test/providers/delivery-pace.test.ts',
  'test/dispatch/replay.test.ts',
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
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // One second, the default, is too short when several workers share a core. Tests set none of their own.
    expect: { poll: { timeout: 300_000 } },
    pool: 'forks',
    // Room for young objects: with V8's default, workers spent more of their CPU time collecting them.
    execArgv: ['--min-semi-space-size=32', '--max-semi-space-size=32'],
    // Files that share a process load the server's modules once; that halves the CPU time of the suite.
    isolate: false,
    // Tests spend much of their time waiting: with three workers, two cores were idle for a fifth of the time.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: LongFilesFirst },
  },
});
