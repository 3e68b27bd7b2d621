import { normaliseEmailAddress } from '../../domain/contact/email-address.ts';
import type { ChannelAdapter } from '../channel.ts';
import { type EmailServices, emailOutlet } from './email-outlet.ts';
import { emailSettingsSchema } from './email-settings.ts';
import { testMailbox } from './read-mailbox.ts';

/** Email: received by our SMTP listener or read from a mailbox, and sent through the app's SMTP server. */
export function emailChannel(services: EmailServices): ChannelAdapter {
  const outlet = emailOutlet(services);
  return {
    kind: 'email',
    source: 'provider',
    guide: {
      title: 'Email',
      summary: 'An email address: received here or read from a mailbox, and sent through your SMTP server.',
      steps: [
        'Have emails to this address delivered to {mailServer}',
        'If that is not possible, turn on “Mailbox (IMAP)” instead.',
        'Check that your domain’s SPF and DKIM records authorize the sending server.',
      ],
    },
    settingsSchema: emailSettingsSchema,
    webhook: null,
    sender: outlet,
    contactForEmail(email, settings) {
      const canSend = emailSettingsSchema.safeParse(settings).data?.smtp !== undefined;
      return canSend ? normaliseEmailAddress(email) : undefined;
    },
    async test(context) {
      const { smtp, imap } = emailSettingsSchema.parse(context.settings);
      if (smtp) await outlet.probe(context);
      if (imap) await testMailbox(imap);
    },
  };
}
