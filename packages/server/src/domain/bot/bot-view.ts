import { defaultFlow } from './default-flow.ts';

/** A bot as administrators see it: without its secret. */
export type BotView =
  | { readonly kind: 'builtin'; readonly flow: string }
  | { readonly kind: 'http'; readonly url: string | null; readonly timeoutMs: number }
  | { readonly kind: 'none' };

/** The bot of an app, by what is stored; one that has chosen nothing has the built-in one with the flow that we ship. */
export function toBotView(
  stored:
    | {
        readonly kind: string;
        readonly flow: string | null;
        readonly url: string | null;
        readonly timeoutMs: number;
      }
    | undefined,
): BotView {
  if (stored?.kind === 'http') return { kind: 'http', url: stored.url, timeoutMs: stored.timeoutMs };
  if (stored?.kind === 'none') return { kind: 'none' };
  return { kind: 'builtin', flow: stored?.flow ?? defaultFlow };
}
