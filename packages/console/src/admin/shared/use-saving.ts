import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { errorMessage } from '../../shared/error-message.ts';

/** Runs a save: shows a notification on success, and keeps the error text on failure. */
export function useSaving(save: () => Promise<void>) {
  const [errorText, setErrorText] = useState<string>();
  const [busy, setBusy] = useState(false);
  return {
    errorText,
    busy,
    setErrorText,
    async save(): Promise<void> {
      setBusy(true);
      setErrorText(undefined);
      try {
        await save();
        notifications.show({ message: 'Saved. Changes are live.' });
      } catch (error) {
        setErrorText(error instanceof SyntaxError ? 'This is not valid JSON.' : errorMessage(error));
      } finally {
        setBusy(false);
      }
    },
  };
}
