import { z } from 'zod';

/** A field that is not valid: `path` as in `message.text`, and what is wrong, as in `is required`. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** Validation says in plain words what is wrong, wherever a check has no words of its own. Call it before validating. */
export function describeFieldErrors(): void {
  z.config({ customError: messageOf });
}

/** The fields of an error of validation. `within` is the field that the validated value belongs to, if any. */
export function fieldErrorsOf({ issues }: z.ZodError, within?: string): readonly FieldError[] {
  return issues.map(({ path, message }) => ({
    path: (within === undefined ? path : [within, ...path]).join('.'),
    message,
  }));
}

function messageOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is required'
        : `must be ${types[issue.expected] ?? 'of another type'}`;
    case 'too_small':
      return isEmptyText(issue) ? 'must not be empty' : limit(issue, issue.minimum, 'least');
    case 'too_big':
      return limit(issue, issue.maximum, 'most');
    case 'invalid_format':
      return `must be ${formats[issue.format] ?? 'in the expected format'}`;
    case 'invalid_value':
      return issue.input === undefined ? 'is required' : `must be ${oneOf(issue.values)}`;
    case 'invalid_union':
      return issue.options === undefined ? 'is not valid' : `must be ${oneOf(issue.options as string[])}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    default:
      return 'is not valid';
  }
}

const types: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

const formats: Readonly<Record<string, string>> = {
  email: 'an email address',
  url: 'a URL',
  uuid: 'a UUID',
  datetime: 'a date and time such as 2026-01-31T09:00:00Z',
};

const units: Readonly<Record<string, readonly [string, string]>> = {
  string: ['character', 'characters'],
  array: ['item', 'items'],
  set: ['item', 'items'],
};

function isEmptyText({ origin, minimum }: { readonly origin?: string; readonly minimum: number | bigint }) {
  return origin === 'string' && Number(minimum) === 1;
}

function limit(
  { origin = '', inclusive = true }: { readonly origin?: string; readonly inclusive?: boolean },
  value: number | bigint,
  direction: 'least' | 'most',
): string {
  const unit = units[origin];
  if (unit) return `must have at ${direction} ${value} ${Number(value) === 1 ? unit[0] : unit[1]}`;
  if (inclusive) return `must be at ${direction} ${value}`;
  return `must be ${direction === 'least' ? 'more' : 'less'} than ${value}`;
}

function oneOf(values: readonly unknown[]): string {
  const [only, ...others] = values.map(String);
  return others.length === 0 ? (only ?? '') : `one of ${[only, ...others].join(', ')}`;
}
