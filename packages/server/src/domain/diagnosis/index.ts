import type { Diagnosis } from '@mevrik/protocol';
import type { DiagnosisFacts } from './facts.ts';
import { stepsOf } from './steps.ts';
import { verdictOf } from './verdict.ts';

export type { Answer, ChannelFacts, DiagnosisFacts, HeardBy, QueuePlace, Worker } from './facts.ts';

/** Gives a plain account of a message: what happened, in order, and in a sentence why it is as it is. */
export function diagnose(facts: DiagnosisFacts): Diagnosis {
  return { message: facts.message, verdict: verdictOf(facts), steps: stepsOf(facts) };
}
