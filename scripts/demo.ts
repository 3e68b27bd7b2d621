// `npm run demo`: plays a conversation from the first message to the survey, through the public API and pusher-js only;
// one by email, over SMTP; one on Facebook, with signed webhooks and a stand-in for the Graph API; and then prints all
// events of the first one. It starts its own server, or uses the one at MEVRIK_URL; there it needs an administrator
// (MEVRIK_EMAIL, MEVRIK_PASSWORD; MEVRIK_SMTP_PORT for email, MEVRIK_STAND_IN for Facebook) to create apps and agents,
// which it disables at the end.
// `npm run demo -- day` fills a server with a day of a shop instead, and leaves it running; the day passes 300 times as
// fast as real time, or as fast as a further argument says.
import { once } from 'node:events';
import { playDay } from './demo/day/play-day.ts';
import { play } from './demo/play.ts';
import { playEmail } from './demo/play-email.ts';
import { playFacebook } from './demo/play-facebook.ts';
import { type DemoServer, useServer } from './demo/server.ts';
import { readTimeline } from './demo/timeline.ts';

const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
try {
  const server = await useServer(process.env);
  try {
    await Promise.race([run(server), stopped]);
  } finally {
    await server.stop();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
// Interrupted work would continue without effect.
process.exit();

async function run(server: DemoServer): Promise<void> {
  if (process.argv[2] === 'day') {
    await playDay(server, Number(process.argv[3] ?? 300));
    if (server.databaseUrl === null) return;
    console.log('  Stop with Ctrl+C.');
    await stopped;
    return;
  }
  const { appId, sessionId } = await play(server);
  await playEmail(server);
  await playFacebook(server);
  await readTimeline(server, { appId, sessionId });
}
