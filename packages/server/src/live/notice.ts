import type { NoticePayloads } from '@mevrik/protocol';

/** A live message to the screens that subscribe to a topic. It is neither stored nor repeated. */
export interface Notice<Name extends keyof NoticePayloads = keyof NoticePayloads> {
  readonly appId: number;
  readonly topic: string;
  readonly event: Name;
  readonly payload: NoticePayloads[Name];
}

/** Publishes notices without waiting for them. It never throws: a failure is logged. */
export type Notify = (notices: readonly Notice[]) => void;

/** Creates a notice; its name decides the type of its payload. */
export function notice<Name extends keyof NoticePayloads>(
  name: Name,
  appId: number,
  topic: string,
  payload: NoticePayloads[Name],
): Notice<Name> {
  return { appId, topic, event: name, payload };
}
