/** Lines that are longer are nobody's attribution. */
const maxLine = 300;
/** Of a longer text only so much is looked at, so that nobody can make that slow; a message has less. */
const maxText = 100_000;
const maxLines = 5_000;

/** How mail programs head what they quote. These begin with a word of their own, and may take two or three lines. */
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

/** These are known by their end only, so they must be in one line. */
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

/** What stands above a mail that is quoted as a whole. */
const separators =
  /^-{2,} ?(Original Message|Forwarded message|Ursprüngliche Nachricht|Message d'origine|Message original|Mensaje original|Messaggio originale|Mensagem original|Oorspronkelijk bericht|Oprindelig meddelelse|Ursprungligt meddelande|Oryginalna wiadomość|Исходное сообщение|原始邮件|元のメッセージ) ?-{2,}$/i;

/** The headers that Outlook writes above what it quotes: sender, date, recipient, subject. */
const quotedHeads = [
  /^\*?(From|Von|De|Da|Van|Från|Fra|Lähettäjä|Od|От|发件人|差出人|보낸 사람) ?\*?[:：]/i,
  /^\*?(Sent|Date|Gesendet|Datum|Envoyé|Enviado|Enviada|Data|Inviato|Verzonden|Skickat|Sendt|Lähetetty|Wysłano|Отправлено|Дата|发送时间|日期|送信日時|보낸 날짜)( el| em)? ?\*?[:：]/i,
  /^\*?(To|An|À|Para|A|Aan|Till|Til|Do|Кому|收件人|宛先|받는 사람) ?\*?[:：]/i,
  /^\*?(Subject|Betreff|Objet|Asunto|Assunto|Oggetto|Onderwerp|Ämne|Emne|Aihe|Temat|Тема|主题|件名|제목) ?\*?[:：]/i,
];

/** What telephones write below everything. */
const telephoneSignature =
  /^(Sent from my |Sent from Outlook|Get Outlook for |Von meinem .+ gesendet$|Envoyé de mon |Envoyé à partir |Enviado desde mi |Enviado do meu |Inviato da |Verzonden vanaf |Sendt fra |Skickat från )/i;

/**
 * What somebody has written anew in a mail: without the history that their program quotes below, their signature and
 * their telephone's. Where answers stand between the quoted lines everything is kept, and so it is where nothing
 * would be left.
 */
export function visibleText(text: string): string {
  const lines = text
    .slice(0, maxText)
    .replace(/\r\n?/g, '\n')
    .split('\n', maxLines)
    .map((line) => line.replace(/[\u00a0\u200b]/g, ' ').trimEnd());
  const own = withoutRule(lines.slice(0, historyAt(lines)));
  const visible = withoutSignature(withoutTrailingQuotes(own)).join('\n').trim();
  return visible === '' ? text.trim() : visible;
}

/** The line where the history begins; the number of lines where there is none that can be cut off. */
function historyAt(lines: readonly string[]): number {
  for (let at = 0; at < lines.length; at++) {
    const length = historyHeadAt(lines, at);
    if (length > 0 && !isAnsweredBelow(lines.slice(at + length))) return at;
  }
  return lines.length;
}

/** How many lines at this place are the head of a history. */
function historyHeadAt(lines: readonly string[], at: number): number {
  const first = (lines[at] ?? '').trim();
  if (first === '' || first.length > maxLine || first.startsWith('>')) return 0;
  if (separators.test(first)) return 1;
  const block = lines.slice(at, at + 6).map((one) => one.trim().slice(0, 40));
  if (
    quotedHeads[0]?.test(first) &&
    quotedHeads.slice(1).filter((head) => block.some((one) => head.test(one))).length > 1
  )
    return 4;
  for (let length = 1, joined = first; length <= 3; length++) {
    if (isAttribution(joined, length === 1)) {
      const next = lines.slice(at + length).find((one) => one.trim() !== '');
      // A sentence that happens to end like one has no date in it, and nothing quoted below it.
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

/** Whether something new stands below lines that are marked as quoted. */
function isAnsweredBelow(rest: readonly string[]): boolean {
  const firstQuoted = rest.findIndex((line) => line.startsWith('>'));
  if (firstQuoted < 0 || rest.slice(0, firstQuoted).some((line) => line.trim() !== '')) return false;
  const below = withoutSignature(rest.slice(firstQuoted));
  return below.some((line) => line.trim() !== '' && !line.startsWith('>'));
}

/** The line that some programs draw above what they quote. */
function withoutRule(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line.trim() !== '');
  return /^[_-]{10,}$/.test(lines[last]?.trim() ?? '') ? lines.slice(0, last) : lines;
}

function withoutTrailingQuotes(lines: readonly string[]): readonly string[] {
  const last = lines.findLastIndex((line) => line.trim() !== '' && !line.startsWith('>'));
  // Quoted lines at the very top are what is answered below.
  return last < 0 ? lines : lines.slice(0, last + 1);
}

function withoutSignature(lines: readonly string[]): readonly string[] {
  const dashes = lines.lastIndexOf('--');
  const own = dashes < 0 ? lines : lines.slice(0, dashes);
  const last = own.findLastIndex((line) => line.trim() !== '');
  return telephoneSignature.test(own[last]?.trim() ?? '') ? own.slice(0, last) : own;
}
