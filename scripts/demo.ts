// `npm run demo`: a conversation from the first message to the survey, through the public API and pusher-js only; one by
// mail, over real sockets; one on Facebook, over signed webhooks and a Graph API that stands in; and then all events of
// the first. It runs a server of its own, or uses the one at MEVRIK_URL, where it needs an administrator (MEVRIK_EMAIL,
// MEVRIK_PASSWORD; MEVRIK_SMTP_PORT for the mails, MEVRIK_STAND_IN for Facebook) to make apps and agents, which it
// disables in the end.
import { play } from './demo/play.ts';
import { playFacebook } from './demo/play-facebook.ts';
import { playMail } from './demo/play-mail.ts';
import { useServer } from './demo/server.ts';
import { readTimeline } from './demo/timeline.ts';

try {
  const server = await useServer(process.env);
  try {
    const { appId, sessionId } = await play(server);
    await playMail(server);
    await playFacebook(server);
    await readTimeline(server, { appId, sessionId });
  } finally {
    await server.stop();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
