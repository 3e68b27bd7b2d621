import { paint } from './paint.ts';

/** Prints a message with its sender. */
export function printMessage(sender: string, text: string): void {
  const colour = sender === 'Vera' || sender === 'Carl' ? 'cyan' : sender === 'Alex' ? 'green' : 'yellow';
  console.log(`  ${paint(colour, sender.padEnd(7))} ${text}`);
}

/** Prints what has just happened. */
export function printStep(text: string): void {
  console.log(`  ${paint('dim', `        ${text}`)}`);
}
