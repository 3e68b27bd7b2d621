import type { Disposition } from '@mevrik/protocol';

/** The fields of a disposition, ready to store, or the errors of each field. */
export type DispositionCheck =
  | { readonly fields: Readonly<Record<string, string>> }
  | { readonly errors: readonly { readonly path: string; readonly message: string }[] };

/** Checks that the app has a disposition and that its required fields are set. Blank values count as missing. */
export function checkDisposition(
  known: readonly Disposition[],
  name: string,
  given: Readonly<Record<string, string>>,
): DispositionCheck {
  const disposition = known.find((one) => one.name === name);
  if (!disposition) {
    const names = known.map((one) => one.name).join(', ');
    return { errors: [{ path: 'disposition', message: `must be one of: ${names}` }] };
  }
  const fields = Object.fromEntries(
    Object.entries(given)
      .map(([field, value]) => [field, value.trim()] as const)
      .filter(([, value]) => value !== ''),
  );
  const errors = [
    ...disposition.fields.flatMap(({ name: field, kind, required, choices = [] }) => {
      const value = fields[field];
      const path = `fields.${field}`;
      if (value === undefined) return required ? [{ path, message: 'is required' }] : [];
      const isChoice = kind !== 'choice' || choices.includes(value);
      return isChoice ? [] : [{ path, message: `must be one of: ${choices.join(', ')}` }];
    }),
    ...Object.keys(fields)
      .filter((field) => disposition.fields.every((one) => one.name !== field))
      .map((field) => ({ path: `fields.${field}`, message: `is not a field of "${name}"` })),
  ];
  return errors.length > 0 ? { errors } : { fields };
}
