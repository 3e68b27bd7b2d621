/** An attribute of the test customer in the form. */
export interface AttributeDraft {
  readonly id: number;
  readonly name: string;
  readonly type: 'boolean' | 'number' | 'string';
  readonly value: string;
}

/** The types of attributes that conditions distinguish. */
export const attributeTypes = [
  { value: 'string', label: 'Text' },
  { value: 'number', label: 'Number' },
  { value: 'boolean', label: 'Yes or no' },
] as const satisfies readonly { value: AttributeDraft['type']; label: string }[];

let made = 0;

/** An empty attribute. */
export const newAttribute = (): AttributeDraft => ({ id: ++made, name: '', type: 'string', value: '' });

/** The attributes for conditions; those without a name or with an invalid number are left out. */
export function attributesOf(drafts: readonly AttributeDraft[]): Record<string, boolean | number | string> {
  return Object.fromEntries(
    drafts.flatMap(({ name, type, value }) => {
      const typed = type === 'string' ? value : type === 'boolean' ? value === 'true' : numberOf(value);
      return name.trim() === '' || Number.isNaN(typed) ? [] : [[name.trim(), typed]];
    }),
  );
}

function numberOf(text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : Number.NaN;
}
