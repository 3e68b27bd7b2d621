import { styleText } from 'node:util';

const isColoured = process.env.FORCE_COLOR !== undefined || (process.stdout.isTTY && !process.env.NO_COLOR);

/** A text in a colour or weight, if the terminal supports it. */
export function paint(style: Parameters<typeof styleText>[0], text: string): string {
  return isColoured ? styleText(style, text) : text;
}
