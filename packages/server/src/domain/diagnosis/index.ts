import type { MessageAccount } from '@mevrik/protocol';
import type { AccountFacts } from './facts.ts';
import { stepsOf } from './steps.ts';
import { verdictOf } from './verdict.ts';

export type { AccountFacts, Answer, ChannelFacts, HeardBy, QueuePlace, Worker } from './facts.ts';

/** Gives a plain account of a message: what happened, in order, and in a sentence why it is as it is. */
export function accountOf(facts: AccountFacts): MessageAccount {
  return { message: facts.message, verdict: verdictOf(facts), steps: stepsOf(facts) };
}
