import { useState } from 'react';
import { api } from '../../session/session.ts';
import { errorMessage } from '../../shared/error-message.ts';
import { type Disposition, type DispositionField, MevrikError } from '../../shared/sdk.ts';
import { noteOf } from './case-note.tsx';

type Texts = Readonly<Record<string, string>>;

/** What an agent enters to close a case, and the request that closes it. */
export function useCaseClosing(caseId: number, dispositions: readonly Disposition[], onClosed: () => void) {
  const [name, setName] = useState<string | null>(null);
  const [values, setValues] = useState<Texts>({});
  const [note, setNote] = useState('');
  const [errors, setErrors] = useState<Texts>({});
  const [busy, setBusy] = useState(false);
  const fields = dispositions.find((one) => one.name === name)?.fields ?? [];

  async function close(): Promise<void> {
    const missing = missingErrors(name, fields, values);
    setErrors(missing);
    if (name === null || Object.keys(missing).length > 0) return;
    setBusy(true);
    try {
      const entered = Object.fromEntries(fields.map((field) => [field.name, values[field.name] ?? '']));
      await api.rest.desk.closeCase(caseId, {
        disposition: name,
        ...(fields.length === 0 ? {} : { fields: entered }),
        ...noteOf(note),
      });
      onClosed();
    } catch (error) {
      setErrors(fieldErrors(error));
    } finally {
      setBusy(false);
    }
  }

  return {
    /** The outcome; `null` until one is chosen. */
    name,
    choose(next: string | null): void {
      setName(next);
      setErrors({});
    },
    /** The fields of the outcome, and what was entered in them. */
    fields,
    values,
    enter: (field: string, value: string) => setValues({ ...values, [field]: value }),
    note,
    setNote,
    /** By field; `all` belongs to none. */
    errors,
    busy,
    close,
  };
}

/** Errors for what is missing, by field. */
function missingErrors(name: string | null, fields: readonly DispositionField[], values: Texts): Texts {
  if (name === null) return { disposition: 'Choose an outcome.' };
  const empty = fields.filter((field) => field.required && (values[field.name] ?? '').trim() === '');
  return Object.fromEntries(empty.map((field) => [field.name, `${field.label} is required.`]));
}

/** The server's error messages, by field. */
function fieldErrors(error: unknown): Texts {
  const fields = error instanceof MevrikError ? error.fields : [];
  const at = fields.map(({ path, message }) => [path.replace(/^fields\./, ''), message]);
  return at.length > 0 ? Object.fromEntries(at) : { all: errorMessage(error) };
}
