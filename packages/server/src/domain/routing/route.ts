import type { CompiledRules } from './compile-rules.ts';
import type { RoutingDecision, RoutingFacts } from './routing-rule.ts';

/** What a rule says of a message: whether it is true of it, or cannot be asked. */
export interface RuleVerdict {
  readonly rule: string;
  readonly outcome: 'true' | 'false' | 'failed';
}

/** What each rule says of a message, in their order, also behind the one that decides. */
export function judge(rules: CompiledRules, facts: RoutingFacts): RuleVerdict[] {
  return rules.map(({ rule: { name: rule }, matches }) => {
    try {
      return { rule, outcome: matches(facts) ? 'true' : 'false' };
    } catch {
      return { rule, outcome: 'failed' };
    }
  });
}

/** Which way a message goes: the first rule that is true of it; without one, the bot's way. Never throws. */
export function route(rules: CompiledRules, facts: RoutingFacts): RoutingDecision {
  const failed: string[] = [];
  for (const { rule, matches } of rules) {
    try {
      if (!matches(facts)) continue;
    } catch {
      failed.push(rule.name);
      continue;
    }
    const { action, name, queue = null, priority = null, skills = [] } = rule;
    return { action, rule: name, queue, priority, skills, failed };
  }
  return { action: 'bot', rule: 'standard', queue: null, priority: null, skills: [], failed };
}
