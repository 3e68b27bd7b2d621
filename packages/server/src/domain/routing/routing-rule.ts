import type { RoutingRule } from '@mevrik/protocol';

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
