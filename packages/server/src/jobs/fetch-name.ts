import { z } from 'zod';
import { customerChanged } from '../live/customer-changed.ts';
import { job } from './job.ts';

const timeoutMs = 30_000;

/** Fetches a customer's name from the provider, unless it has become known in the meantime. */
export const fetchName = job({
  task: 'fetch-name',
  summary: 'Fetches the name of a customer from the provider.',
  payload: z.object({ customerId: z.int() }),
  async run({ customerId }, { database: { sql }, apps, channels, files, log, notify }) {
    const [contact] = await sql<{ appId: number; channel: string; contactId: string }[]>`
      SELECT contact.app_id AS "appId", channel, contact_id AS "contactId"
      FROM contact_identities contact JOIN customers ON customers.id = customer_id
      WHERE customer_id = ${customerId} AND name IS NULL ORDER BY contact.id LIMIT 1`;
    const channel = contact && (await apps.byId(contact.appId))?.channels.get(contact.channel);
    const adapter = channel && channels.adapterFor(channel.kind);
    if (!contact || !adapter?.fetchName || adapter.sender.delivers !== 'by-sending') return;
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const name = await adapter.fetchName(contact.contactId, {
        settings: channel?.settings,
        files,
        signal,
      });
      const [named] = await sql<{ appId: number }[]>`
        UPDATE customers SET name = ${name} WHERE id = ${customerId} AND name IS NULL AND ${name}::text IS NOT NULL
        RETURNING app_id AS "appId"`;
      if (!named) return;
      notify(customerChanged(named.appId, { customerId }));
    } catch (error) {
      const failure = adapter.sender.classify(error);
      if (failure.kind === 'temporary') throw error;
      // Without the permission, and for some people, the provider returns no name.
      log.info({ customerId, reason: failure.error, err: error }, 'failed to fetch a customer’s name');
    }
  },
});
