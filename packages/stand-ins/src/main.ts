// `npm run stand-ins`: what stands in for Meta and for a mail server, so that channels can be tried without either. The
// guide docs/guides/facebook.md walks through it.
import { startStandIns } from './start-stand-ins.ts';

const { GRAPH_PORT = '4000', STAND_IN_SMTP_PORT = '4025' } = process.env;

try {
  const { graphUrl, smtpPort, stop } = await startStandIns({
    graph: Number(GRAPH_PORT),
    smtp: Number(STAND_IN_SMTP_PORT),
  });
  console.log(`A Graph API stands at ${graphUrl}; start the server with it:

  GRAPH_API_URL=${graphUrl} npm start

A mail server for channels to send through stands at 127.0.0.1:${smtpPort}.
What they have taken: ${graphUrl}/stand-in/taken and ${graphUrl}/stand-in/mails

The guide to Facebook (docs/guides/facebook.md) plays a conversation. Stop with Ctrl+C.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop().then(() => process.exit(0)));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
