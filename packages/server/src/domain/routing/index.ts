export { type CompiledRules, compileRules } from './compile-rules.ts';
export { judge, route } from './route.ts';
export {
  type RoutingDecision,
  type RoutingFacts,
  type RoutingRule,
  routingRuleSchema,
} from './routing-rule.ts';
export { shippedRules } from './shipped-rules.ts';
