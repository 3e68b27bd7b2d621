/** An attribute of a customer, as it is being written. */
export interface AttributeDraft {
  readonly id: number;
  readonly name: string;
  readonly type: 'boolean' | 'number' | 'string';
  readonly value: string;
}

/** What attributes can be, as conditions tell them apart. */
export const attributeTypes = [
  { value: 'string', label: 'Text' },
  { value: 'number', label: 'Number' },
  { value: 'boolean', label: 'Yes or no' },
] as const satisfies readonly { value: AttributeDraft['type']; label: string }[];

let made = 0;

/** One that nothing is written of yet. */
export const newAttribute = (): AttributeDraft => ({ id: ++made, name: '', type: 'string', value: '' });

/** Attributes as conditions see them. One without a name, or a number that is none, is as good as not there. */
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
