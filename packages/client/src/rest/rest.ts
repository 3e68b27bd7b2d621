import type { Caller } from '../caller.ts';
import { adminCalls } from './admin.ts';
import { deskCalls } from './desk.ts';
import { visitorCalls } from './visitor.ts';

/** The API's calls by audience. Each rejects with a MevrikError. */
export interface Rest {
  readonly visitor: ReturnType<typeof visitorCalls>;
  readonly desk: ReturnType<typeof deskCalls>;
  readonly admin: ReturnType<typeof adminCalls>;
}

/** Makes the typed calls of the API. */
export function createRest(call: Caller, appKey: string): Rest {
  return { visitor: visitorCalls(call, appKey), desk: deskCalls(call), admin: adminCalls(call) };
}
