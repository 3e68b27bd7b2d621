import { z } from 'zod';

/**
 * A routing rule of an app: a CEL expression, and an action for the messages that match. `queue`: the conversation is
 * added to a queue, unless an agent has it. `ticket`: the message opens a case without an automatic answer. `transfer`:
 * the conversation is handed over to an agent at once. `bot`: the bot answers and hands over on request.
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

/** The facts available to a rule's expression. */
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

/** The routing of a message, and the rule that decided. */
export interface RoutingDecision {
  readonly action: RoutingRule['action'];
  readonly rule: string;
  readonly queue: string | null;
  readonly priority: NonNullable<RoutingRule['priority']> | null;
  readonly skills: readonly string[];
  /** Rules that failed to evaluate, which counts as no match. */
  readonly failed: readonly string[];
}
