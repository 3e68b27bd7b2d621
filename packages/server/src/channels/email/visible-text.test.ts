import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from './visible-text.ts';

const quoted = '> Where is my order?\n> Vera';

/** What programs put between an answer and what it answers. */
const headers: readonly [program: string, head: string][] = [
  ['Gmail, English', 'On Mon, Nov 23, 2026 at 10:04 AM Shop <support@shop.example> wrote:'],
  [
    'Gmail, English, wrapped',
    'On Mon, Nov 23, 2026 at 10:04 AM The Very Long Shop Name\n<support@shop.example> wrote:',
  ],
  ['Apple Mail, English', 'On 23 Nov 2026, at 10:04, Shop <support@shop.example> wrote:'],
  ['Gmail, French', 'Le lun. 23 nov. 2026 à 10:04, Shop <support@shop.example> a écrit :'],
  ['Gmail, Spanish', 'El lun, 23 nov 2026 a las 10:04, Shop (<support@shop.example>) escribió:'],
  ['Gmail, Italian', 'Il giorno lun 23 nov 2026 alle ore 10:04 Shop <support@shop.example> ha scritto:'],
  ['Gmail, Portuguese', 'Em seg., 23 de nov. de 2026 às 10:04, Shop <support@shop.example> escreveu:'],
  ['Gmail, German', 'Am Mo., 23. Nov. 2026 um 10:04 Uhr schrieb Shop <support@shop.example>:'],
  ['Thunderbird, German', 'Am 23.11.2026 um 10:04 schrieb Shop:'],
  ['Thunderbird, English', 'On 11/23/26 10:04, Shop wrote:'],
  ['Gmail, Dutch', 'Op ma 23 nov 2026 om 10:04 schreef Shop <support@shop.example>:'],
  ['Gmail, Swedish', 'Den mån 23 nov. 2026 kl 10:04 skrev Shop <support@shop.example>:'],
  ['Gmail, Danish', 'Den man. 23. nov. 2026 kl. 10.04 skrev Shop <support@shop.example>:'],
  ['Gmail, Finnish', 'ma 23. marrask. 2026 klo 10.04 Shop (support@shop.example) kirjoitti:'],
  ['Gmail, Polish', 'pon., 23 lis 2026 o 10:04 Shop <support@shop.example> napisał(a):'],
  ['Gmail, Czech', 'po 23. 11. 2026 v 10:04 odesílatel Shop <support@shop.example> napsal:'],
  ['Gmail, Turkish', 'Shop <support@shop.example>, 23 Kas 2026 Pzt, 10:04 tarihinde şunu yazdı:'],
  ['Gmail, Russian', 'пн, 23 нояб. 2026 г. в 10:04, Shop <support@shop.example>:'],
  ['Mail.ru', 'Понедельник, 23 ноября 2026 г., 10:04 от Shop написал:'],
  ['Gmail, Chinese', '在2026年11月23日，Shop <support@shop.example> 写道：'],
  ['Gmail, Japanese', '2026年11月23日(月) 10:04 Shop <support@shop.example>:'],
  ['Gmail, Korean', '2026년 11월 23일 (월) 오전 10:04, Shop <support@shop.example>님이 작성:'],
  ['an old one', '-----Original Message-----'],
  ['an old one, German', '-----Ursprüngliche Nachricht-----'],
  [
    'Outlook, English',
    'From: Shop <support@shop.example>\nSent: Monday, November 23, 2026 10:04 AM\nTo: Vera\nSubject: Your order\n',
  ],
  [
    'Outlook, German',
    'Von: Shop <support@shop.example>\nGesendet: Montag, 23. November 2026 10:04\nAn: Vera\nBetreff: Ihre Bestellung\n',
  ],
  [
    'Outlook, French',
    'De : Shop <support@shop.example>\nEnvoyé : lundi 23 novembre 2026 10:04\nÀ : Vera\nObjet : Votre commande\n',
  ],
  [
    'Outlook, with a line above',
    '________________________________\nFrom: Shop <support@shop.example>\nSent: Monday\nTo: Vera\nSubject: Order\n',
  ],
];

describe('the visible text of a reply', () => {
  it.each(headers)('is only the new text in %s', (_program, head) => {
    const visible = visibleText(`Thank you!\n\nIt is here: now.\n\n${head}\n\n${quoted}\n`);
    expect(visible).toBe('Thank you!\n\nIt is here: now.');
  });

  it.each(headers.filter(([, head]) => !head.includes('Original') && !head.includes('Nachricht-')))(
    'is complete in %s if the heading is only part of a sentence',
    (_program, head) => {
      const sentence = `${head.split('\n')[0]?.replace(/\d/g, '')} and so on`;
      expect(visibleText(`Look:\n${sentence}`)).toBe(`Look:\n${sentence}`);
    },
  );

  it('includes everything if the answers are between quoted lines', () => {
    const text = 'On Monday 23 Nov Shop wrote:\n> Which size?\nLarge.\n> Which colour?\nBlue.';
    expect(visibleText(text)).toBe(text);
  });

  it('includes quoted lines at the top', () => {
    const text = '> Which size?\n\nLarge.';
    expect(visibleText(text)).toBe(text);
  });

  it('excludes quoted lines at the end, even without a heading', () => {
    expect(visibleText('Large.\n\n> Which size?\n> Yours, Shop')).toBe('Large.');
  });

  it('excludes signatures of people and of mobile programs', () => {
    expect(visibleText('Large.\n-- \nVera\n+43 1 234')).toBe('Large.');
    expect(visibleText('Large.\n\nSent from my iPhone')).toBe('Large.');
    expect(
      visibleText('Groß.\n\nVon meinem iPhone gesendet\n\nAm 23.11.2026 um 10:04 schrieb Shop:\n> x'),
    ).toBe('Groß.');
  });

  it('is complete if nothing would be left', () => {
    expect(visibleText('> quoted\n> only')).toBe('> quoted\n> only');
    expect(visibleText('')).toBe('');
  });

  it('includes lists, prices and times with a colon', () => {
    const text =
      'My address:\nOn the hill 5\nFrom: the left door\n\nOpen at 10:00 on Monday.\nI wrote:\nnothing';
    expect(visibleText(text)).toBe(text);
  });
});

it('any text has a visible text, in bounded time', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom('> quoted', '-- ', 'On Monday 1 Shop wrote:', 'From: a', 'To: b', 'Sent: c', '', ':'),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 60 }), (lines) => {
      const text = lines.join('\n');
      expect(visibleText(text) === '').toBe(text.trim() === '');
    }),
  );
  expect(visibleText('On 1 wrote:\n'.repeat(500_000))).not.toBe('');
  expect(visibleText(`${'On '.repeat(200_000)}\n${'> '.repeat(100_000)}`)).not.toBe('');
});
