import { randomBytes } from 'node:crypto';
import { call } from './api.ts';
import { type DemoServer, logIn } from './server.ts';

/** An app for the demo, with Alex as its agent. */
export interface Stage {
  readonly app: { readonly id: number; readonly key: string };
  readonly agentToken: string;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every route
  admin(method: string, path: string, body?: unknown): Promise<any>;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  agent(method: string, path: string, body?: unknown): Promise<any>;
  /** Disables the app and Alex. */
  close(): Promise<void>;
}

/** Creates an app and an agent on a server. */
export async function openStage({ url, token }: DemoServer, name: string): Promise<Stage> {
  const admin = (method: string, path: string, body?: unknown) => call(url, method, path, { token, body });
  const app = await admin('POST', '/v1/admin/apps', { name });
  const person = {
    name: 'Alex',
    email: `alex-${app.id}@example.com`,
    password: randomBytes(12).toString('hex'),
  };
  const alex = await admin('POST', '/v1/admin/agents', { ...person, role: 'agent', appIds: [app.id] });
  const agentToken = await logIn(url, person);
  return {
    app,
    agentToken,
    admin,
    agent: (method, path, body) => call(url, method, path, { token: agentToken, body }),
    async close() {
      await admin('PATCH', `/v1/admin/agents/${alex.id}`, { disabled: true });
      await admin('PATCH', `/v1/admin/apps/${app.id}`, { enabled: false });
    },
  };
}
