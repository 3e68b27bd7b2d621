import { useSyncExternalStore } from 'react';
import type { Agent } from '../shared/sdk.ts';
import { session } from './session.ts';

/** The logged-in agent, reactive. */
function useAgent(): Agent | undefined {
  return useSyncExternalStore(session.subscribe, () => session.agent);
}

/** The logged-in agent, on screens that require a login. */
export function useMe(): Agent {
  const agent = useAgent();
  if (!agent) throw new Error('No agent is logged in.');
  return agent;
}
