import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';
import type { ChannelAdapter } from '../channel.ts';
import { emailOutlet } from './email-outlet.ts';
import { emailSettingsSchema } from './email-settings.ts';
import { testMailbox } from './read-mailbox.ts';

/** Email: in over our own SMTP listener or out of a mailbox, out through a server of the app's. */
export const emailChannel: ChannelAdapter = {
  kind: 'email',
  source: 'provider',
  guide: {
    title: 'Email',
    summary: 'An address of yours: received here or read from a mailbox, sent through your server.',
    steps: [
      'Have mails for {address} handed to {mailServer}, or have a mailbox read.',
      'Check that SPF and DKIM of your domain allow the server that sends.',
    ],
  },
  settingsSchema: emailSettingsSchema,
  webhook: null,
  sender: emailOutlet,
  contactForEmail(email, settings) {
    const canSend = emailSettingsSchema.safeParse(settings).data?.smtp !== undefined;
    return canSend ? normaliseEmailAddress(email) : undefined;
  },
  async test(context) {
    const { smtp, imap } = emailSettingsSchema.parse(context.settings);
    if (smtp) await emailOutlet.probe(context);
    if (imap) await testMailbox(imap);
  },
};
