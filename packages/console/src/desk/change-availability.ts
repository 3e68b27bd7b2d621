import { api, session } from '../session/session.ts';
import { notifyFailure } from '../shared/notify-failure.ts';
import type { Agent } from '../shared/sdk.ts';

/** Sets the availability of the logged-in agent. */
export async function changeAvailability(availability: Agent['availability']): Promise<void> {
  try {
    session.update(await api.rest.desk.setAvailability({ availability }));
  } catch (error) {
    notifyFailure('Could not change your availability', error);
  }
}
