// `npm run demo`: a conversation from the first message to the survey, through the public API and pusher-js only, and
// then all of its events. It runs a server of its own, or uses the one at MEVRIK_URL, where it needs an administrator
// (MEVRIK_EMAIL, MEVRIK_PASSWORD) to make an app and an agent, which it disables in the end.
import { play } from './demo/play.ts';
import { useServer } from './demo/server.ts';
import { readTimeline } from './demo/timeline.ts';

try {
  const server = await useServer(process.env);
  try {
    const { appId, sessionId } = await play(server);
    await readTimeline(server, { appId, sessionId });
  } finally {
    await server.stop();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
