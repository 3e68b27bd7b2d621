import { z } from 'zod';
import { customerSchema } from '../api/models.ts';
import { defineEvent } from './event.ts';

/** A new customer was stored. */
export const NewCustomerProfileCreated = defineEvent({
  name: 'NewCustomerProfileCreated',
  title: 'New customer',
  summary: 'A new customer was stored.',
  trigger: 'A customer was identified for the first time, and their profile was stored.',
  schema: z.strictObject({ customer: customerSchema }),
  key: ({ customer }) => customer.conversationKey,
  appId: ({ customer }) => customer.appId,
  sessionId: () => null,
});
