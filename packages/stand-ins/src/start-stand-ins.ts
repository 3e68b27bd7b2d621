import { createControl } from './control.ts';
import { startGraphStandIn } from './graph-stand-in.ts';
import { startSmtpStandIn } from './smtp-stand-in.ts';

/** Meta's Graph API and a mail server, on this machine. */
export interface StandIns {
  /** What `GRAPH_API_URL` is set to; under `/stand-in` it is told what to play. */
  readonly graphUrl: string;
  /** The port of the mail server. */
  readonly smtpPort: number;
  stop(): Promise<void>;
}

/** Starts both, on free ports unless told. */
export async function startStandIns(
  ports: { readonly graph?: number; readonly smtp?: number } = {},
): Promise<StandIns> {
  const email = await startSmtpStandIn(ports.smtp ?? 0);
  const graph = await startGraphStandIn({
    port: ports.graph ?? 0,
    also: createControl(() => ({ graph, email })),
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
