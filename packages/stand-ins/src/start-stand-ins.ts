import { createControl } from './control.ts';
import { startGraphStandIn } from './graph-stand-in.ts';
import { startSmtpStandIn } from './smtp-stand-in.ts';
import { startTelegramStandIn } from './telegram-stand-in.ts';

/** Running stand-ins of Meta's Graph API, Telegram's Bot API and a mail server. */
export interface StandIns {
  /** The value for `GRAPH_API_URL`; the endpoints under `/stand-in` control the stand-ins. */
  readonly graphUrl: string;
  /** The port of the mail server. */
  readonly smtpPort: number;
  /** The value for `apiUrl` in the settings of a Telegram channel. */
  readonly telegramUrl: string;
  stop(): Promise<void>;
}

/** Starts all, on the given ports or on free ones. */
export async function startStandIns(
  ports: { readonly graph?: number; readonly smtp?: number; readonly telegram?: number } = {},
): Promise<StandIns> {
  const email = await startSmtpStandIn(ports.smtp ?? 0);
  const telegram = await startTelegramStandIn(ports.telegram ?? 0);
  const graph = await startGraphStandIn({
    port: ports.graph ?? 0,
    handler: createControl(() => ({ graph, telegram, email })),
  });
  return {
    graphUrl: graph.url,
    smtpPort: email.port,
    telegramUrl: telegram.url,
    async stop() {
      await graph.stop();
      await telegram.stop();
      await email.stop();
    },
  };
}
