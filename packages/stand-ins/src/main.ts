// `npm run stand-ins` starts stand-ins for Meta and for a mail server, to try channels without either. The guide
// docs/guides/facebook.md walks through it.
import { startStandIns } from './start-stand-ins.ts';

const { GRAPH_PORT = '4000', STAND_IN_SMTP_PORT = '4025' } = process.env;

try {
  const { graphUrl, smtpPort, stop } = await startStandIns({
    graph: Number(GRAPH_PORT),
    smtp: Number(STAND_IN_SMTP_PORT),
  });
  console.log(`Graph API: ${graphUrl}. Start the server with:

  GRAPH_API_URL=${graphUrl} npm start

SMTP server: 127.0.0.1:${smtpPort}
Accepted messages: ${graphUrl}/stand-in/accepted and ${graphUrl}/stand-in/emails

The Facebook guide (docs/guides/facebook.md) plays a conversation. Stop with Ctrl+C.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop().then(() => process.exit(0)));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
