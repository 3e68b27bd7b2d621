import type { Diagnosis } from '@mevrik/protocol';
import type { DiagnosisFacts } from './facts.ts';
import { stepsOf } from './steps.ts';
import { verdictOf } from './verdict.ts';

export type {
  AppAgent,
  DiagnosedChannel,
  DiagnosedReply,
  DiagnosisFacts,
  ListenerResult,
  QueueFacts,
} from './facts.ts';

/** Diagnoses a message: why it was or was not answered, and its history. Codes and facts only; the console words them. */
export function diagnose(facts: DiagnosisFacts): Diagnosis {
  return { message: facts.message, verdict: verdictOf(facts), steps: stepsOf(facts) };
}
