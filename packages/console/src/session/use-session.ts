import { useSyncExternalStore } from 'react';
import type { Agent } from '../shared/sdk.ts';
import { session } from './session.ts';

/** Whoever is logged in; the screen follows. */
function useAgent(): Agent | undefined {
  return useSyncExternalStore(session.subscribe, () => session.agent);
}

/** On screens that nobody sees who is not logged in. */
export function useMe(): Agent {
  const agent = useAgent();
  if (!agent) throw new Error('No agent is logged in.');
  return agent;
}
