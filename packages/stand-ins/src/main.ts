// `npm run stand-ins` starts stand-ins for Meta, Telegram and a mail server, to try channels without them. The guide
// docs/guides/facebook.md walks through it.
import { startStandIns } from './start-stand-ins.ts';

const { GRAPH_PORT = '4000', TELEGRAM_PORT = '4001', STAND_IN_SMTP_PORT = '4025' } = process.env;

try {
  const { graphUrl, telegramUrl, smtpPort, stop } = await startStandIns({
    graph: Number(GRAPH_PORT),
    telegram: Number(TELEGRAM_PORT),
    smtp: Number(STAND_IN_SMTP_PORT),
  });
  console.log(`Graph API: ${graphUrl}. Start the server with:

  GRAPH_API_URL=${graphUrl} npm start

Telegram Bot API: ${telegramUrl}
SMTP server: 127.0.0.1:${smtpPort}
Accepted messages: /accepted, /telegram and /emails under ${graphUrl}/stand-in

The Facebook guide (docs/guides/facebook.md) plays a conversation. Stop with Ctrl+C.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => stop().then(() => process.exit(0)));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
