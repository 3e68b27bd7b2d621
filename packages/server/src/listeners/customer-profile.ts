import { parseConversationKey } from '@mevrik/protocol';
import { requireApp } from '../apps/app-directory.ts';
import { addAttributes } from '../state/customers.ts';
import { listener } from './listener-deps.ts';

/** Records the channel and app of a customer's first contact. */
export const OnboardCustomer = listener<'NewCustomerProfileCreated'>({
  name: 'OnboardCustomer',
  summary:
    'Records the channel and app of a customer’s first contact, and schedules fetching a missing name.',
  async handle({ appId, occurredAt, data: { customer } }, { tx, deps }) {
    const app = await requireApp(deps.apps, appId);
    const { channel } = parseConversationKey(customer.conversationKey);
    await addAttributes(tx, customer.id, {
      first_channel: channel,
      first_seen_at: occurredAt,
      first_app: app.name,
    });
    if (customer.name === null && deps.channels.adapterFor(app.channels.get(channel)?.kind ?? '')?.fetchName)
      await tx.addJob('fetch-name', { customerId: customer.id }, { maxAttempts: 8, appId: app.id });
  },
});

/** Derives attributes from the profile. */
export const EnrichCustomerProfile = listener<'NewCustomerProfileCreated'>({
  name: 'EnrichCustomerProfile',
  summary: 'Adds attributes derived from the profile: language, region, email domain.',
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
    // Not a language tag: the provider sends its own names for some locales.
    return {};
  }
}

function fromEmail(email: string | null): Record<string, string> {
  const domain = email?.split('@')[1]?.toLowerCase();
  return domain ? { email_domain: domain } : {};
}
