/** Phrases that ask for an agent, in the most common languages of customers. */
const phrases: readonly string[] = [
  // English
  'agent',
  'human',
  'a person',
  'real person',
  'live agent',
  'live chat',
  'representative',
  'operator',
  'talk to someone',
  'speak to someone',
  'customer service',
  'talk to a human',
  // German
  'mitarbeiter',
  'mensch',
  'berater',
  'echte person',
  'kundenservice',
  'mit jemandem sprechen',
  // French
  'un humain',
  'conseiller',
  'conseillère',
  'parler à quelqu’un',
  'service client',
  'une personne',
  // Spanish
  'agente',
  'humano',
  'una persona',
  'operador',
  'hablar con alguien',
  'asesor',
  // Portuguese
  'atendente',
  'falar com alguém',
  'uma pessoa',
  'operadora',
  // Italian
  'operatore',
  'una persona reale',
  'parlare con qualcuno',
  'assistenza umana',
  // Dutch
  'medewerker',
  'mens',
  'iemand spreken',
  'klantenservice',
  // Polish
  'konsultant',
  'człowiek',
  'z człowiekiem',
  'pracownik',
  // Turkish
  'temsilci',
  'müşteri hizmetleri',
  'canlı destek',
  'insan',
  // Russian
  'оператор',
  'человек',
  'с человеком',
  'живой человек',
  // Arabic
  'موظف',
  'شخص حقيقي',
  'خدمة العملاء',
  'إنسان',
  // Hindi
  'एजेंट',
  'इंसान',
  'किसी से बात',
  'ग्राहक सेवा',
  // Bengali
  'এজেন্ট',
  'মানুষ',
  'কারো সাথে কথা',
  'প্রতিনিধি',
  'গ্রাহক সেবা',
  // Indonesian, Malay
  'petugas',
  'bicara dengan orang',
  'layanan pelanggan',
  'manusia',
  // Chinese
  '人工',
  '客服',
  '真人',
  // Japanese
  'オペレーター',
  '担当者',
  '人と話',
  // Korean
  '상담원',
  '사람과',
  '직원',
];

/** Scripts without spaces between words: there, a phrase matches anywhere. */
const withoutSpaces =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** Normalised phrases by list, computed once. */
const normalisedPhrases = new WeakMap<readonly string[], readonly string[]>();

/**
 * Whether a text contains one of the phrases as whole words: "reagent" does not contain "agent". Case, Unicode
 * composition and punctuation are ignored.
 */
export function hasPhrase(text: string, wanted: readonly string[]): boolean {
  let sought = normalisedPhrases.get(wanted);
  if (!sought) {
    sought = wanted.map(normalisePhrase).filter((phrase) => phrase.trim() !== '');
    normalisedPhrases.set(wanted, sought);
  }
  const words = normalise(text);
  return sought.some((phrase) => words.includes(phrase));
}

/** Whether a text asks for an agent, in one of the languages above or in the app's own words. */
export function isHandoverRequest(text: string, extraWords: readonly string[] = []): boolean {
  return hasPhrase(text, phrases) || hasPhrase(text, extraWords);
}

function normalisePhrase(phrase: string): string {
  const sought = normalise(phrase);
  return withoutSpaces.test(sought) ? sought.trim() : sought;
}

function normalise(text: string): string {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    // Turkish has dotted and dotless I: all variants are compared as i.
    .replace(/i\u0307|ı/gu, 'i')
    // A mark after a symbol, as in ❤️, belongs to the symbol and not to the word that follows.
    .replace(/(?:[^\p{L}\p{M}\p{N}]\p{M}*)+/gu, ' ');
  return ` ${words.trim()} `;
}
