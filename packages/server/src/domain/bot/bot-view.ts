import { defaultFlow } from './default-flow.ts';

/** A bot as administrators see it, without its secret. */
export type BotView =
  | { readonly kind: 'builtin'; readonly flow: string }
  | { readonly kind: 'http'; readonly url: string | null; readonly timeoutMs: number }
  | { readonly kind: 'none' };

/** The view of a stored bot; an app without one has the built-in bot with the default flow. */
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
