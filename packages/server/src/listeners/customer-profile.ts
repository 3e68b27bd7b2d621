import { parseConversationKey } from '@mevrik/protocol';
import { requireApp } from '../apps/app-directory.ts';
import { addAttributes } from '../state/customers.ts';
import { listener } from './listener-deps.ts';

/** Notes where and in which app a customer was first met. */
export const OnboardCustomer = listener<'NewCustomerProfileCreated'>({
  name: 'OnboardCustomer',
  summary:
    'Notes through which channel, and in which app, a customer came to us; has a missing name fetched.',
  async handle({ appId, occurredAt, data: { customer } }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    const { channel } = parseConversationKey(customer.conversationKey);
    await addAttributes(tx, customer.id, {
      first_channel: channel,
      first_seen_at: occurredAt,
      first_app: app.name,
    });
    if (customer.name === null && deps.channels.adapterFor(app.channels.get(channel)?.kind ?? '')?.fetchName)
      await tx.addJob('fetch-name', { customerId: customer.id }, { maxAttempts: 8 });
  },
});

/** Finds out what can be told from a profile alone. */
export const EnrichCustomerProfile = listener<'NewCustomerProfileCreated'>({
  name: 'EnrichCustomerProfile',
  summary: 'Adds what can be told from the profile: language, region, the company of an address.',
  when: ({ data: { customer } }) => customer.locale !== null || customer.email !== null,
  async handle({ data: { customer } }, { tx }) {
    await addAttributes(tx, customer.id, { ...fromLocale(customer.locale), ...fromEmail(customer.email) });
  },
});

function fromLocale(tag: string | null): Record<string, string> {
  if (tag === null) return {};
  try {
    const { language, region } = new Intl.Locale(tag.replace('_', '-'));
    return { language, ...(region ? { region } : {}) };
  } catch {
    return {};
  }
}

function fromEmail(email: string | null): Record<string, string> {
  const domain = email?.split('@')[1]?.toLowerCase();
  return domain ? { email_domain: domain } : {};
}
