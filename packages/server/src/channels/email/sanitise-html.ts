import type sanitize from 'sanitize-html';
import { sanitizeHtml } from './email-packages.ts';

/**
 * Longer HTML is not shown; the text is shown instead. Sanitising a hundred thousand nested tags takes ten seconds, which
 * would block this process.
 */
const maxLength = 500_000;
const maxTags = 20_000;

const tags = (
  'a abbr b blockquote br center cite code dd del div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins ' +
  'li ol p pre q s small span strike strong sub sup table tbody td tfoot th thead tr tt u ul'
).split(' ');
const colour = /^(#[0-9a-f]{3,8}|[a-z]{3,25}|rgba?\([\d\s.,%]{1,40}\))$/i;
const length = /^-?\d{1,4}(\.\d{1,3})?(px|em|pt|%)?$/;

/** An image attached to the email, referred to by its Content-ID. */
export interface InlineImage {
  readonly contentType: string;
  readonly content: Buffer;
}

const shownImages = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

/**
 * Sanitises an email's HTML for display: it removes scripts, forms and styles that affect the page. Loading remote images
 * would tell the sender that the email was read, so their URLs are moved to `data-blocked-src`. Attached images are
 * inlined. `null` if the HTML is too large.
 */
export function sanitiseHtml(html: string, images: ReadonlyMap<string, InlineImage>): string | null {
  if (html.length > maxLength || html.split('<', maxTags + 2).length > maxTags + 1) return null;
  return sanitizeHtml()(html, {
    allowedTags: tags,
    allowedAttributes: {
      '*': ['style', 'dir', 'lang', 'title', 'align'],
      a: ['href', 'target', 'rel'],
      img: ['src', 'alt', 'width', 'height', 'data-blocked-src'],
      font: ['color', 'size', 'face'],
      td: ['colspan', 'rowspan', 'width', 'valign', 'bgcolor'],
      th: ['colspan', 'rowspan', 'width', 'valign', 'bgcolor'],
      table: ['width', 'border', 'cellpadding', 'cellspacing', 'bgcolor'],
      ol: ['start', 'type'],
    },
    allowedStyles: {
      '*': {
        color: [colour],
        'background-color': [colour],
        'font-weight': [/^(bold|normal|[1-9]00)$/],
        'font-style': [/^(italic|normal)$/],
        'font-size': [length],
        'text-align': [/^(left|right|center|justify)$/],
        'text-decoration': [/^(underline|line-through|none)$/],
        width: [length],
        padding: [length],
        margin: [length],
      },
    },
    allowedSchemes: ['http', 'https', 'mailto', 'tel'],
    allowedSchemesByTag: { img: ['data'] },
    allowProtocolRelative: false,
    disallowedTagsMode: 'discard',
    nonTextTags: ['script', 'style', 'textarea', 'option', 'noscript', 'title', 'head', 'svg', 'math'],
    nestingLimit: 200,
    transformTags: {
      a: (tagName, attribs) => ({
        tagName,
        attribs: { ...attribs, target: '_blank', rel: 'noopener noreferrer nofollow' },
      }),
      img: (tagName, { src = '', 'data-blocked-src': _forged, ...attribs }) => ({
        tagName,
        attribs: { ...attribs, ...sourceOf(src, images) },
      }),
    },
  });
}

function sourceOf(src: string, images: ReadonlyMap<string, InlineImage>): sanitize.Attributes {
  const cid = /^cid:(.+)$/i.exec(src.trim())?.[1];
  const image = cid === undefined ? undefined : (images.get(cid) ?? images.get(decoded(cid)));
  if (image && shownImages.includes(image.contentType)) {
    return { src: `data:${image.contentType};base64,${image.content.toString('base64')}` };
  }
  return /^https?:\/\//i.test(src) ? { 'data-blocked-src': src } : {};
}

function decoded(cid: string): string {
  try {
    return decodeURIComponent(cid);
  } catch {
    // Not percent-encoded: the Content-ID is compared as it is.
    return cid;
  }
}
