import type { CompiledRules } from './compile-rules.ts';
import type { RoutingDecision, RoutingFacts } from './routing-rule.ts';

/** The result of a rule for a message: true, false, or failed to evaluate. */
export interface RuleVerdict {
  readonly rule: string;
  readonly outcome: 'true' | 'false' | 'failed';
}

/** The results of all rules for a message, in order, including those after the first match. */
export function judge(rules: CompiledRules, facts: RoutingFacts): RuleVerdict[] {
  return rules.map(({ rule: { name: rule }, matches }) => {
    try {
      return { rule, outcome: matches(facts) ? 'true' : 'false' };
    } catch {
      // The verdict says that the rule failed.
      return { rule, outcome: 'failed' };
    }
  });
}

/** Routes a message by the first rule that matches, or to the bot without a match. Never throws. */
export function route(rules: CompiledRules, facts: RoutingFacts): RoutingDecision {
  const failed: string[] = [];
  for (const { rule, matches } of rules) {
    try {
      if (!matches(facts)) continue;
    } catch {
      // The decision names the rules that failed.
      failed.push(rule.name);
      continue;
    }
    const { action, name, queue = null, priority = null, skills = [] } = rule;
    return { action, rule: name, queue, priority, skills, failed };
  }
  return { action: 'bot', rule: 'standard', queue: null, priority: null, skills: [], failed };
}
