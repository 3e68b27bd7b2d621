import { z } from 'zod';

/**
 * A rule of an app: a CEL expression, and what happens to the messages for which it is true.
 * `queue`: every message that no agent has the conversation of puts it into a queue. `ticket`: the message opens a
 * case, and nothing answers it. `transfer`: a person takes over at once. `bot`: the bot answers, and hands over on
 * demand.
 */
export const routingRuleSchema = z.strictObject({
  name: z.string().min(1).max(100),
  when: z.string().min(1).max(2000),
  action: z.enum(['bot', 'queue', 'ticket', 'transfer']),
  queue: z.string().min(1).max(64).optional(),
  priority: z.enum(['low', 'normal', 'high', 'urgent']).optional(),
  skills: z.array(z.string().min(1).max(64)).max(20).optional(),
});
export type RoutingRule = z.infer<typeof routingRuleSchema>;

/** What a rule's expression may look at. */
export interface RoutingFacts {
  readonly app: { readonly id: number; readonly name: string };
  readonly channel: { readonly name: string; readonly kind: string };
  readonly message: { readonly kind: string; readonly text: string; readonly payload: string };
  readonly session: { readonly agentType: string; readonly path: string };
  readonly customer: {
    readonly verified: boolean;
    readonly locale: string;
    readonly attributes: Readonly<Record<string, string | number | boolean>>;
  };
}

/** Which way a message goes, and by which rule. */
export interface RoutingDecision {
  readonly action: RoutingRule['action'];
  readonly rule: string;
  readonly queue: string | null;
  readonly priority: NonNullable<RoutingRule['priority']> | null;
  readonly skills: readonly string[];
  /** Rules that could not be evaluated with these facts, which counts as no match. */
  readonly failed: readonly string[];
}
