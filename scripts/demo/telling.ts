import { paint } from './paint.ts';

/** Prints a message with its sender. */
export function say(who: string, text: string): void {
  const colour = who === 'Vera' || who === 'Carl' ? 'cyan' : who === 'Alex' ? 'green' : 'yellow';
  console.log(`  ${paint(colour, who.padEnd(7))} ${text}`);
}

/** Prints a remark about what has happened. */
export function note(text: string): void {
  console.log(`  ${paint('dim', `        ${text}`)}`);
}
