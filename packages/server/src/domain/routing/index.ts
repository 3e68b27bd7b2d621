export { type RoutingRule, routingRuleSchema } from '@mevrik/protocol';
export { type CompiledRules, compileRules } from './compile-rules.ts';
export { judge, route } from './route.ts';
export type { RoutingDecision, RoutingFacts } from './routing-rule.ts';
export { shippedRules } from './shipped-rules.ts';
