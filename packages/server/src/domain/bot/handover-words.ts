/** How people ask for a person, in the languages that most of our users' customers write. */
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

/** Scripts that put no spaces between words: there a phrase is looked for anywhere. */
const withoutSpaces =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;

/** Phrases as they are looked for: in a script without spaces anywhere, else between spaces. */
const soughtIn = new WeakMap<readonly string[], readonly string[]>();

/**
 * Whether a text has one of these phrases in it, as whole words: "agent" is not in "reagent". Case, accents'
 * spelling, emphasis and punctuation do not matter.
 */
export function hasPhrase(text: string, wanted: readonly string[]): boolean {
  let sought = soughtIn.get(wanted);
  if (!sought) {
    sought = wanted.map(seek).filter((phrase) => phrase.trim() !== '');
    soughtIn.set(wanted, sought);
  }
  const said = normalise(text);
  return sought.some((phrase) => said.includes(phrase));
}

/** Whether somebody asks for a person, in the languages above or in the app's own words. */
export function isHandoverRequest(text: string, extraWords: readonly string[] = []): boolean {
  return hasPhrase(text, phrases) || hasPhrase(text, extraWords);
}

function seek(phrase: string): string {
  const sought = normalise(phrase);
  return withoutSpaces.test(sought) ? sought.trim() : sought;
}

function normalise(text: string): string {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    // Turkish writes I and İ where others write I: which one was meant cannot be told, so all are an i.
    .replace(/i\u0307|ı/gu, 'i')
    // A mark after a symbol is the symbol's, as in ❤️: it must not stick to the word that follows.
    .replace(/(?:[^\p{L}\p{M}\p{N}]\p{M}*)+/gu, ' ');
  return ` ${words.trim()} `;
}
