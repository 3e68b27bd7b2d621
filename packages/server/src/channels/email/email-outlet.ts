import type { SendMailOptions } from 'nodemailer';
import type { ChannelOutlet, OutboundPart } from '../channel.ts';
import { undeliverable } from '../channel-error.ts';
import { domainOf } from './address-parts.ts';
import { classifySmtpError } from './classify-smtp-error.ts';
import { composeReply, type EmailBody, emailCapabilities } from './compose-reply.ts';
import { type EmailSettings, emailSettingsSchema } from './email-settings.ts';
import { messageIdOf, replyAddress } from './reply-tags.ts';
import type { SmtpSender } from './smtp-sender.ts';

/** What the email adapter is made with. */
export interface EmailServices {
  /** Signs reply addresses and Message-IDs, so that others cannot create valid ones. */
  readonly signingKey: Buffer;
  readonly sender: SmtpSender;
}

/** Sends emails through the channel's SMTP server. */
export function emailOutlet({ signingKey, sender }: EmailServices): ChannelOutlet {
  return {
    delivers: 'by-sending',
    capabilities: emailCapabilities,
    compose: composeReply,
    classify: classifySmtpError,
    automaticPerHour: (settings) => emailSettingsSchema.parse(settings).automaticPerHour,

    async send(part, reference, { settings: given, files: stored, signal }) {
      const settings = emailSettingsSchema.parse(given);
      const { to: contactId, files } = part.body as unknown as EmailBody;
      const messageId = messageIdOf({ reference, contactId }, settings.address, signingKey);
      const email = toSendOptions(part, messageId, settings, signingKey);
      const attachments = await Promise.all(
        files.map(async ({ fileId, name: filename, contentType }) => ({
          filename,
          contentType,
          content: await stored.read(fileId),
        })),
      );
      await sender.send(serverOf(settings), { ...email, attachments }, signal);
      return { externalId: messageId };
    },

    async probe({ settings }) {
      await sender.verify(serverOf(emailSettingsSchema.parse(settings)));
    },
  };
}

function serverOf({ smtp }: EmailSettings) {
  if (!smtp)
    throw undeliverable(
      'The channel has no SMTP server. Turn on “Sending (SMTP)” in the channel’s settings.',
    );
  return smtp;
}

function toSendOptions(
  { body }: OutboundPart,
  messageId: string,
  { address, name, plusAddressing, dkim }: EmailSettings,
  key: Buffer,
): SendMailOptions {
  const email = body as unknown as EmailBody;
  const from = { name: name ?? '', address };
  const contact = { contactIdentityId: email.contactIdentityId, contactId: email.to };
  return {
    messageId,
    from,
    to: { name: '', address: email.to },
    ...(plusAddressing ? { replyTo: { ...from, address: replyAddress(address, contact, key) } } : {}),
    subject: email.subject,
    text: email.text,
    html: email.html,
    ...(email.inReplyTo === null ? {} : { inReplyTo: email.inReplyTo, references: [...email.references] }),
    ...(dkim
      ? {
          dkim: {
            domainName: dkim.domain ?? domainOf(address),
            keySelector: dkim.selector,
            privateKey: dkim.privateKey,
          },
        }
      : {}),
    headers: email.isAutomatic ? { 'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All' } : {},
  };
}
