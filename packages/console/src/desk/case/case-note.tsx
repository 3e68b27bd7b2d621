import { Textarea } from '@mantine/core';

/** The note that an agent adds to a closed case or a transferred conversation. */
export function CaseNote(props: { description: string; value: string; onChange: (note: string) => void }) {
  const { description, value, onChange } = props;
  return (
    <Textarea
      label="Note"
      description={description}
      autosize
      minRows={2}
      maxRows={6}
      maxLength={10_000}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** A note as the API takes it: nothing if it is empty. */
export const noteOf = (text: string) => (text.trim() === '' ? {} : { note: text.trim() });
