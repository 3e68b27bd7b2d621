import type { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';

/** A node of an expression, as a macro sees it. */
interface Part {
  readonly op: string;
  readonly args: unknown;
}

interface Checker {
  check(part: Part, context: unknown): { readonly name: string };
  getType(name: string): unknown;
}

interface Evaluator {
  run(part: Part, context: unknown): unknown;
}

interface Call {
  readonly receiver: Part;
  readonly args: readonly [Part];
}

/**
 * Registers a `matches` that runs in linear time, as CEL's specification requires. The library's own uses JavaScript
 * patterns, which one message can keep busy for hours. A library function cannot be replaced, but a macro takes
 * precedence; macros are looked up by name alone, and `bool` avoids a clash with the library's signature.
 */
export function registerLinearMatches(environment: Environment): Environment {
  return environment.registerFunction('bool.matches(ast): bool', ({ receiver, args: [pattern] }: Call) => {
    const { op, args: literal } = pattern;
    const known = op === 'value' && typeof literal === 'string' ? RE2JS.compile(literal) : undefined;
    return {
      typeCheck(checker: Checker, _macro: unknown, context: unknown) {
        for (const part of [receiver, pattern]) {
          const { name } = checker.check(part, context);
          if (name !== 'string' && name !== 'dyn') throw new Error(`matches() is for strings, not ${name}.`);
        }
        return checker.getType('bool');
      },
      evaluate(evaluator: Evaluator, _macro: unknown, context: unknown) {
        const text = evaluator.run(receiver, context);
        const sought = known ?? evaluator.run(pattern, context);
        if (typeof text !== 'string') throw new Error('matches() is for strings.');
        if (typeof sought === 'string') return RE2JS.compile(sought).matcher(text).find();
        if (sought instanceof RE2JS) return sought.matcher(text).find();
        throw new Error('matches() needs a pattern.');
      },
    };
  });
}
