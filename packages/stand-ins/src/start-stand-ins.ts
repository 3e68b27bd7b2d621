import { createControl } from './control.ts';
import { startGraphStandIn } from './graph-stand-in.ts';
import { startSmtpStandIn } from './smtp-stand-in.ts';

/** Running stand-ins of Meta's Graph API and of a mail server. */
export interface StandIns {
  /** The value for `GRAPH_API_URL`; the endpoints under `/stand-in` control the stand-ins. */
  readonly graphUrl: string;
  /** The port of the mail server. */
  readonly smtpPort: number;
  stop(): Promise<void>;
}

/** Starts both, on the given ports or on free ones. */
export async function startStandIns(
  ports: { readonly graph?: number; readonly smtp?: number } = {},
): Promise<StandIns> {
  const email = await startSmtpStandIn(ports.smtp ?? 0);
  const graph = await startGraphStandIn({
    port: ports.graph ?? 0,
    handler: createControl(() => ({ graph, email })),
  });
  return {
    graphUrl: graph.url,
    smtpPort: email.port,
    async stop() {
      await graph.stop();
      await email.stop();
    },
  };
}
