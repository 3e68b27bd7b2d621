import { notifications } from '@mantine/notifications';
import { errorMessage } from './error-message.ts';

/** Shows that an action failed, and why. */
export function notifyFailure(title: string, error: unknown): void {
  notifications.show({ color: 'red', title, message: errorMessage(error) });
}
