import { type EmailParticipant, readEmail } from './read-email.ts';
import { type InlineImage, sanitiseHtml } from './sanitise-html.ts';

/** An email, ready for display. */
export interface RenderedEmail {
  readonly from: EmailParticipant | null;
  readonly to: readonly EmailParticipant[];
  readonly cc: readonly EmailParticipant[];
  readonly subject: string;
  readonly sentAt: string | null;
  /** The complete text, with quoted history. */
  readonly text: string;
  /** Sanitised HTML; `null` if there is none. */
  readonly html: string | null;
  readonly files: readonly {
    readonly name: string;
    readonly contentType: string;
    readonly sizeBytes: number;
  }[];
}

/** Parses an email and sanitises its HTML. */
export async function renderEmail(raw: Buffer): Promise<RenderedEmail> {
  const { author, to, cc, subject, sentAt, wholeText, html, files } = await readEmail(raw, null);
  const images = new Map<string, InlineImage>(
    files.flatMap((file) => (file.cid === null ? [] : [[file.cid, file] as const])),
  );
  return {
    from: author,
    to,
    cc,
    subject,
    sentAt: sentAt?.toISOString() ?? null,
    text: wholeText,
    html: html === null ? null : sanitiseHtml(html, images),
    files: files.map(({ name, contentType, content }) => ({ name, contentType, sizeBytes: content.length })),
  };
}
