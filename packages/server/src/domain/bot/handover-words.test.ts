import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasPhrase, isHandoverRequest } from './handover-words.ts';

/** Requests for an agent in each supported language. */
const requests: readonly (readonly [string, string])[] = [
  ['English', 'I want to talk to a human'],
  ['German', 'Ich möchte mit einem Mitarbeiter sprechen'],
  ['French', 'je voudrais parler à quelqu’un'],
  ['Spanish', 'quiero hablar con una persona'],
  ['Portuguese', 'quero falar com alguém'],
  ['Italian', 'vorrei parlare con un operatore'],
  ['Dutch', 'ik wil een medewerker spreken'],
  ['Polish', 'proszę o kontakt, konsultant'],
  ['Turkish', 'müşteri hizmetleri lütfen'],
  ['Russian', 'позовите, живой человек'],
  ['Arabic', 'أريد التحدث مع موظف'],
  ['Hindi', 'मुझे एजेंट चाहिए'],
  ['Bengali', 'আমি প্রতিনিধি চাই'],
  ['Indonesian', 'saya mau bicara dengan orang'],
  ['Chinese', '我要人工客服'],
  ['Japanese', '担当者と話したい'],
  ['Korean', '상담원 연결해 주세요'],
];

describe('a request for an agent', () => {
  it.each(requests)('is recognised in %s', (_language, said) => expect(isHandoverRequest(said)).toBe(true));

  it.each(requests)('is recognised in %s in capitals and in decomposed Unicode', (_language, said) => {
    expect(isHandoverRequest(said.toUpperCase())).toBe(true);
    expect(isHandoverRequest(said.normalize('NFD'))).toBe(true);
  });

  it.each(['İnsan istiyorum', 'MÜŞTERİ HİZMETLERİ', 'CANLI DESTEK', 'Temsilci', 'TEMSİLCİ'])(
    'is recognised in Turkish, whose İ and I are two letters: %s',
    (said) => expect(isHandoverRequest(said)).toBe(true),
  );

  it('is recognised with any emphasis', () => {
    const marks = ['!', '*', '**', '_', '~', '"', '“', '(', ')', '…', '\n', '\t', '👋', '❤️', '⚠️', '#', '-'];
    const emphasis = fc.array(fc.constantFrom(...marks), { maxLength: 5 }).map((some) => some.join(''));
    fc.assert(
      fc.property(
        fc.constantFrom(...requests.map(([, said]) => said), 'agent', 'موظف', 'человек'),
        emphasis,
        emphasis,
        (said, before, after) => {
          expect(isHandoverRequest(`${before}${said}${after}`)).toBe(true);
        },
      ),
    );
  });

  it.each([
    'what is a reagent?',
    'my agenda',
    'the management',
    'humanity',
    'hallo',
    'Wie lange hat der Laden offen?',
    'où est ma commande ?',
    '¿dónde está mi pedido?',
    'Где мой заказ?',
    'أين طلبي؟',
    '我的订单在哪里',
    '注文はどこですか',
    '주문이 어디에 있나요',
    '',
    '🙂',
    '!!!',
  ])('is not recognised in: %s', (said) => expect(isHandoverRequest(said)).toBe(false));
});

describe('a phrase', () => {
  it('matches whole words only', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[a-z]{1,8}$/), (word, glued) => {
        expect(hasPhrase(`so, ${word}?`, [word])).toBe(true);
        expect(hasPhrase(`${word}${glued}`, [word])).toBe(false);
        expect(hasPhrase(`${glued}${word}`, [word])).toBe(false);
      }),
    );
  });

  it('of nothing but punctuation never matches', () => {
    expect(hasPhrase('what?! no.', ['?!', ' ', '…'])).toBe(false);
  });

  it('matches full-width, joined and differently quoted spellings', () => {
    expect(hasPhrase('ＡＧＥＮＴ', ['agent'])).toBe(true);
    expect(hasPhrase('o\uFB03ce', ['office'])).toBe(true);
    expect(hasPhrase("quelqu'un", ['quelqu’un'])).toBe(true);
  });

  it('can be searched in any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string({ unit: 'binary' })), (text, words) => {
        expect(typeof hasPhrase(text, words)).toBe('boolean');
      }),
    );
  });
});
