import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/*
 * The packages that handle email. Each is loaded by its first call: many installations have no email channel, and
 * loading all five takes a third of the CPU time of a start.
 */

/** Parses emails. */
export const mailparser = () => load('mailparser') as typeof import('mailparser');

/** Reads mailboxes over IMAP. */
export const imapflow = () => load('imapflow') as typeof import('imapflow');

/** Sends email over SMTP. */
export const nodemailer = () => load('nodemailer') as typeof import('nodemailer');

/** Receives email over SMTP. */
export const smtpServer = () => load('smtp-server') as typeof import('smtp-server');

/** Sanitises HTML. */
export const sanitizeHtml = () => load('sanitize-html') as typeof import('sanitize-html');
