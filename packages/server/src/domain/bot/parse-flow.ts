import { findUnstorable, ProblemError } from '@mevrik/protocol';
import { RE2JS } from 're2js';
import { isNode, LineCounter, parseDocument } from 'yaml';
import { type FieldError, fieldErrorsOf } from '../field-errors.ts';
import { type FlowDefinition, type FlowStep, flowSchema } from './flow-schema.ts';

/** A validated flow: every reference exists, and its patterns are compiled. */
export interface BotFlow {
  readonly definition: FlowDefinition;
  /** The compiled patterns of each intent. They run in linear time on any input. */
  readonly patterns: ReadonlyMap<string, readonly RE2JS[]>;
  /** The steps of all menu choices, by payload. */
  readonly choices: ReadonlyMap<string, FlowStep>;
}

/** Longer flows are rejected. */
const maxCharacters = 256 * 1024;
/** Enough for any real flow, and too few for an alias bomb. */
const maxAliases = 50;

/**
 * Parses and validates a flow in YAML or JSON.
 * @throws ProblemError `invalid_input`, naming every invalid field.
 */
export function parseFlow(text: string): BotFlow {
  try {
    return checkFlow(text);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    throw invalidFlow(withLines(text, error.fields));
  }
}

/** Adds the line to each problem that has one. */
function withLines(text: string, problems: readonly FieldError[]): FieldError[] {
  if (problems.every(({ path }) => path === 'flow')) return [...problems];
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  return problems.map(({ path, message }) => {
    const names = path.split('.').slice(1);
    // A missing field is reported on the line of its parent.
    for (let depth = names.length; depth > 0; depth--) {
      const node: unknown = document.getIn(names.slice(0, depth), true);
      if (!isNode(node) || !node.range) continue;
      return { path, message: `${message} (line ${lines.linePos(node.range[0]).line})` };
    }
    return { path, message };
  });
}

function checkFlow(text: string): BotFlow {
  const parsed = flowSchema.safeParse(readYaml(text));
  if (!parsed.success) {
    throw invalidFlow(fieldErrorsOf(parsed.error, 'flow'));
  }
  const definition = parsed.data;
  const problems: FieldError[] = [];
  if (findUnstorable(definition)) {
    problems.push({
      path: 'flow',
      message: 'contains a character that cannot be stored (U+0000 or an unpaired surrogate)',
    });
  }
  const patterns = new Map<string, RE2JS[]>();
  for (const [index, intent] of definition.intents.entries()) {
    if (patterns.has(intent.name)) {
      problems.push({ path: `flow.intents.${index}.name`, message: 'duplicates the name of another intent' });
    }
    patterns.set(intent.name, compilePatterns(intent.patterns, `flow.intents.${index}.patterns`, problems));
  }
  checkReferences(definition, problems);
  checkForms(definition, problems);
  const choices = collectChoices(definition, problems);
  if (problems.length > 0) throw invalidFlow(problems);
  return { definition, patterns, choices };
}

/** The payload of a menu choice, with a default for one without its own. */
export function payloadOf(menu: string, index: number, own: string | undefined): string {
  return own ?? `menu.${menu}.${index + 1}`;
}

function invalidFlow(fields: readonly FieldError[]): ProblemError {
  const [first] = fields;
  const detail = `The flow is not valid: ${first?.path}: ${first?.message}`;
  return new ProblemError('invalid_input', detail, { fields });
}

function readYaml(text: string): unknown {
  if (text.length > maxCharacters) {
    throw invalidFlow([{ path: 'flow', message: `must have at most ${maxCharacters} characters` }]);
  }
  try {
    const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (error) {
    const message = error instanceof Error ? error.message.split('\n')[0] : undefined;
    throw invalidFlow([{ path: 'flow', message: message ?? 'is neither YAML nor JSON' }]);
  }
}

function compilePatterns(patterns: readonly string[], path: string, problems: FieldError[]): RE2JS[] {
  return patterns.flatMap((pattern, index) => {
    try {
      return [RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE)];
    } catch (error) {
      const message = error instanceof Error ? error.message : 'is not a pattern';
      problems.push({ path: `${path}.${index}`, message });
      return [];
    }
  });
}

/** Every step of a flow with its path. */
function* stepsOf(flow: FlowDefinition): Generator<readonly [string, FlowStep]> {
  for (const [index, intent] of flow.intents.entries()) yield [`flow.intents.${index}`, intent];
  for (const [name, menu] of Object.entries(flow.menus)) {
    for (const [index, choice] of menu.choices.entries())
      yield [`flow.menus.${name}.choices.${index}`, choice];
  }
  for (const [name, form] of Object.entries(flow.forms)) yield [`flow.forms.${name}.done`, form.done];
  yield ['flow.files', flow.files];
  yield ['flow.fallback', flow.fallback];
}

function checkReferences(flow: FlowDefinition, problems: FieldError[]): void {
  for (const [path, step] of stepsOf(flow)) {
    if (step.goto === undefined) continue;
    const [kind, name = ''] = step.goto.split('.');
    const known = kind === 'menu' ? flow.menus : flow.forms;
    if (!Object.hasOwn(known, name)) {
      problems.push({ path: `${path}.goto`, message: `names a ${kind} that does not exist: "${name}"` });
    }
  }
}

function checkForms(flow: FlowDefinition, problems: FieldError[]): void {
  for (const [name, { fields }] of Object.entries(flow.forms)) {
    for (const [index, field] of fields.entries()) {
      if (field.type === 'choice' && !field.choices) {
        problems.push({
          path: `flow.forms.${name}.fields.${index}.choices`,
          message: 'is required for a field of type choice',
        });
      }
    }
  }
}

function collectChoices(flow: FlowDefinition, problems: FieldError[]): Map<string, FlowStep> {
  const choices = new Map<string, FlowStep>();
  for (const [name, menu] of Object.entries(flow.menus)) {
    for (const [index, { title: _title, payload, ...step }] of menu.choices.entries()) {
      const key = payloadOf(name, index, payload);
      if (choices.has(key)) {
        problems.push({
          path: `flow.menus.${name}.choices.${index}.payload`,
          message: 'duplicates the payload of another choice',
        });
      }
      choices.set(key, step);
    }
  }
  return choices;
}
