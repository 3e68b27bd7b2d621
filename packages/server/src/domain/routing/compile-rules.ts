import { Environment } from '@marcbachmann/cel-js';
import { ProblemError, type RoutingRule } from '@mevrik/protocol';
import type { FieldError } from '../field-errors.ts';
import { registerLinearMatches } from './linear-matches.ts';
import type { RoutingFacts } from './routing-rule.ts';

/** Rules with parsed and type-checked expressions, in order. */
export type CompiledRules = readonly CompiledRule[];

interface CompiledRule {
  readonly rule: RoutingRule;
  /** @throws Error when the expression cannot be evaluated with these facts. */
  readonly matches: (facts: RoutingFacts) => boolean;
}

const environment = registerLinearMatches(
  new Environment({ unlistedVariablesAreDyn: false, limits: { maxAstNodes: 500, maxDepth: 50 } }),
)
  .registerVariable('app', { schema: { id: 'int', name: 'string' } })
  .registerVariable('channel', { schema: { name: 'string', kind: 'string' } })
  .registerVariable('message', { schema: { kind: 'string', text: 'string', payload: 'string' } })
  .registerVariable('session', { schema: { agentType: 'string', path: 'string' } })
  .registerVariable('customer', {
    schema: { verified: 'bool', locale: 'string', attributes: 'map<string, dyn>' },
  });

/**
 * Parses and type-checks rules.
 * @throws ProblemError `invalid_input`, naming each invalid expression, such as `rules.2.when`.
 */
export function compileRules(rules: readonly RoutingRule[]): CompiledRules {
  const fields: FieldError[] = [];
  const compiled = rules.map((rule, index) => {
    const outcome = compile(rule.when);
    if ('problem' in outcome) fields.push({ path: `rules.${index}.when`, message: outcome.problem });
    return { rule, matches: 'problem' in outcome ? () => false : outcome.matches };
  });
  if (fields.length === 0) return compiled;
  const [first] = fields;
  const index = Number(first?.path.split('.')[1]);
  throw new ProblemError(
    'invalid_input',
    `The condition of rule ${index + 1} (“${rules[index]?.name}”) is not valid: ${first?.message}`,
    { fields },
  );
}

function compile(expression: string): { problem: string } | { matches: CompiledRule['matches'] } {
  try {
    const parsed = environment.parse(expression);
    const { valid, type, error } = parsed.check();
    if (!valid) return { problem: firstLine(error) };
    if (type !== 'bool' && type !== 'dyn') return { problem: `must be a bool, but is ${type}` };
    return {
      // This library represents CEL integers as BigInt; a number is a double, which never equals an integer.
      matches: ({ app, ...facts }) => parsed({ ...facts, app: { ...app, id: BigInt(app.id) } }) === true,
    };
  } catch (error) {
    return { problem: firstLine(error) };
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? 'not valid';
}
