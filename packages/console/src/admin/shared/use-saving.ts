import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { errorMessage } from '../../shared/error-message.ts';

/** Saves something, and says what is wrong with it. */
export function useSaving(save: () => Promise<void>) {
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  return {
    fault,
    busy,
    setFault,
    async save(): Promise<void> {
      setBusy(true);
      setFault(undefined);
      try {
        await save();
        notifications.show({ message: 'Saved. It holds at once.' });
      } catch (error) {
        setFault(error instanceof SyntaxError ? 'This is not JSON yet.' : errorMessage(error));
      } finally {
        setBusy(false);
      }
    },
  };
}
