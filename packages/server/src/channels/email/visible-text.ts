import { cutText } from '@mevrik/protocol';

/** The longest line that can be an attribution. */
const maxLine = 300;
/** Longer texts are truncated, to bound the time. A message is shorter. */
const maxText = 100_000;
const maxLines = 5_000;

/** Attribution lines above quoted text. These have a distinctive beginning and can wrap over up to three lines. */
const attributions = [
  /^On .+ wrote ?:$/, // English
  /^Le .+ (a )?écrit ?:$/, // French
  /^El .+ escribió ?:$/, // Spanish
  /^Il .+ ha scritto ?:$/, // Italian
  /^Em .+ escreveu ?:$/, // Portuguese
  /^Am .+ schrieb .+:$/, // German
  /^Op .+ schreef .+:$/, // Dutch
  /^(Den|På) .+ skrev .*:$/, // Danish, Norwegian, Swedish
  /^(W dniu|Dnia) .+ (pisze|napisał|napisała|napisał\(a\)) ?:$/, // Polish
  /^在.+写道[:：]$/, // Chinese
];

/** Attributions with a distinctive end only, so they must be on one line. */
const shortAttributions = [
  /^.+ on .+ wrote ?:$/,
  /^.+ schrieb( am .+)?:$/,
  /^.+ schreef( op .+)?:$/,
  /^.+ kirjoitti.*:$/, // Finnish
  /^.+ (pisze|napisała?|napisał\(a\)) ?:$/, // Polish
  /^.+ napsala?(\(a\))? ?:$/, // Czech
  /^.+ (tarihinde .*)?yazdı ?:$/, // Turkish
  /^.+ (пишет|написала?|писал\(а\)) ?:$/, // Russian
  /^.+(のメッセージ|書きました)[:：]$/, // Japanese
  /^.+(작성|썼습니다) ?[:：]$/, // Korean
  /^.+ <[^<>]+@[^<>]+> ?:$/, // many others: a name, an address, a colon
];

/** Separators above a complete quoted email. */
const separators =
  /^-{2,} ?(Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine|Message original|Mensaje original|Messaggio originale|Mensagem original|Oorspronkelijk bericht|Oprindelig meddelelse|Ursprungligt meddelande|Oryginalna wiadomość|Исходное сообщение|原始邮件|元のメッセージ) ?-{2,}$/i;

/** The header block that Outlook writes above quoted text: sender, date, recipient, subject. */
const quotedHeaders = [
  /^\*?(From|Von|De|Da|Van|Från|Fra|Lähettäjä|Od|От|发件人|差出人|보낸 사람) ?\*?[:：]/i,
  /^\*?(Sent|Date|Gesendet|Datum|Envoyé|Enviado|Enviada|Data|Inviato|Verzonden|Skickat|Sendt|Lähetetty|Wysłano|Отправлено|Дата|发送时间|日期|送信日時|보낸 날짜)( el| em)? ?\*?[:：]/i,
  /^\*?(To|An|À|Para|A|Aan|Till|Til|Do|Кому|收件人|宛先|받는 사람) ?\*?[:：]/i,
  /^\*?(Subject|Betreff|Objet|Asunto|Assunto|Oggetto|Onderwerp|Ämne|Emne|Aihe|Temat|Тема|主题|件名|제목) ?\*?[:：]/i,
];

/** Default signatures of mobile mail programs. */
const mobileSignature =
  /^(Sent from my |Sent from Outlook|Get Outlook for |Von meinem .+ gesendet$|Envoyé de mon |Envoyé à partir |Enviado desde mi |Enviado do meu |Inviato da |Verzonden vanaf |Sendt fra |Skickat från )/i;

/**
 * The new text of an email, without quoted history and signatures. If the author replied between the quoted lines, or if
 * nothing would be left, the complete text is returned.
 */
export function visibleText(text: string): string {
  const lines = cutText(text, maxText)
    .replace(/\r\n?/g, '\n')
    .split('\n', maxLines)
    .map((line) => line.replace(/[\u00a0\u200b]/g, ' ').trimEnd());
  const own = withoutRule(lines.slice(0, historyStart(lines)));
  const visible = withoutSignature(withoutTrailingQuotes(own)).join('\n').trim();
  return visible === '' ? text.trim() : visible;
}

/** The index of the line at which the quoted history begins; the number of lines if there is none to cut. */
function historyStart(lines: readonly string[]): number {
  for (let at = 0; at < lines.length; at++) {
    const length = historyHeadingLength(lines, at);
    if (length > 0 && !hasReplyBelow(lines.slice(at + length))) return at;
  }
  return lines.length;
}

/** The number of lines of a history's heading at this index; 0 if there is none. */
function historyHeadingLength(lines: readonly string[], at: number): number {
  const first = (lines[at] ?? '').trim();
  if (first === '' || first.length > maxLine || first.startsWith('>')) return 0;
  if (separators.test(first)) return 1;
  const block = lines.slice(at, at + 6).map((one) => one.trim().slice(0, 40));
  if (
    quotedHeaders[0]?.test(first) &&
    quotedHeaders.slice(1).filter((head) => block.some((one) => head.test(one))).length > 1
  )
    return 4;
  for (let length = 1, joined = first; length <= 3; length++) {
    if (isAttribution(joined, length === 1)) {
      const next = lines.slice(at + length).find((one) => one.trim() !== '');
      // A sentence that happens to end like an attribution has neither a date nor quoted lines below it.
      if (next === undefined || next.startsWith('>') || /\d/.test(joined)) return length;
    }
    const more = lines[at + length]?.trim() ?? '';
    joined += ` ${more}`;
    if (more === '' || joined.length > maxLine) return 0;
  }
  return 0;
}

function isAttribution(text: string, isOneLine: boolean): boolean {
  if (!/[:：]$/.test(text)) return false;
  const known = isOneLine ? [...attributions, ...shortAttributions] : attributions;
  return known.some((attribution) => attribution.test(text));
}

/** Whether there is new text below the quoted lines. */
function hasReplyBelow(rest: readonly string[]): boolean {
  const firstQuoted = rest.findIndex((line) => line.startsWith('>'));
  if (firstQuoted < 0 || rest.slice(0, firstQuoted).some((line) => line.trim() !== '')) return false;
  const below = withoutSignature(rest.slice(firstQuoted));
  return below.some((line) => line.trim() !== '' && !line.startsWith('>'));
}

/** Some programs draw a rule above quoted text. */
function withoutRule(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line.trim() !== '');
  return /^[_-]{10,}$/.test(lines[last]?.trim() ?? '') ? lines.slice(0, last) : lines;
}

function withoutTrailingQuotes(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line.trim() !== '' && !line.startsWith('>'));
  // Quoted lines at the top are needed to understand the reply below them.
  return last < 0 ? lines : lines.slice(0, last + 1);
}

function withoutSignature(lines: readonly string[]): readonly string[] {
  const dashes = lines.lastIndexOf('--');
  const own = dashes < 0 ? lines : lines.slice(0, dashes);
  const last = own.findLastIndex((line) => line.trim() !== '');
  return mobileSignature.test(own[last]?.trim() ?? '') ? own.slice(0, last) : own;
}
