import type { Disposition } from '@mevrik/protocol';

/** What somebody said as they closed a case: fit to be kept, or what is wrong with it, field by field. */
export type DispositionCheck =
  | { readonly fields: Readonly<Record<string, string>> }
  | { readonly faults: readonly { readonly path: string; readonly message: string }[] };

/** Whether the app has this disposition, and whether what it asks for was said. What is blank was not said. */
export function checkDisposition(
  known: readonly Disposition[],
  name: string,
  said: Readonly<Record<string, string>>,
): DispositionCheck {
  const disposition = known.find((one) => one.name === name);
  if (!disposition) {
    const names = known.map((one) => one.name).join(', ');
    return { faults: [{ path: 'disposition', message: `must be one of: ${names}` }] };
  }
  const fields = Object.fromEntries(
    Object.entries(said)
      .map(([field, value]) => [field, value.trim()] as const)
      .filter(([, value]) => value !== ''),
  );
  const faults = [
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
  return faults.length > 0 ? { faults } : { fields };
}
