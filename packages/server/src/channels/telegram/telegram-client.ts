import { cutText } from '@mevrik/protocol';
import type { SendContext } from '../channel.ts';
import { type ChannelFailure, networkFailure } from '../channel-error.ts';
import { readJsonResponse } from '../read-json-response.ts';
import { telegramSettingsSchema } from './telegram-settings.ts';

/** An error response of the Bot API. */
export class TelegramError extends Error {
  override readonly name = 'TelegramError';
  readonly status: number;
  /** Seconds for which Telegram asks us to wait. */
  readonly retryAfter: number | undefined;

  constructor(status: number, response: Readonly<Record<string, unknown>>) {
    const { description, parameters } = response;
    const reason = typeof description === 'string' ? cutText(description, 500) : 'no reason given';
    super(`Telegram rejected the request: ${reason} (${status}).`);
    this.status = status;
    const { retry_after: wait } = (parameters ?? {}) as { retry_after?: unknown };
    this.retryAfter = typeof wait === 'number' && wait > 0 ? wait : undefined;
  }
}

/**
 * Calls a method of the Bot API.
 *
 * @returns its `result`.
 * @throws TelegramError for an error response, and network errors unchanged.
 */
export async function callTelegram(
  { settings, signal }: Pick<SendContext, 'settings' | 'signal'>,
  method: string,
  body: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const { token, apiUrl } = telegramSettingsSchema.parse(settings);
  const response = await fetch(`${apiUrl.replace(/\/+$/, '')}/bot${token}/${method}`, {
    method: 'POST',
    redirect: 'error',
    signal,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await readJsonResponse(response, token);
  if (!response.ok || answer.ok !== true) throw new TelegramError(response.status, answer);
  return typeof answer.result === 'object' && answer.result !== null ? { ...answer.result } : {};
}

/** The longest pause that a response of Telegram can cause. */
const maxPauseMs = 60 * 60_000;

/** Classifies an error of a Bot API call. */
export function classifyTelegramError(error: unknown): ChannelFailure {
  if (!(error instanceof TelegramError)) return networkFailure(error);
  const { status, message, retryAfter } = error;
  if (status === 401 || status === 404) {
    return {
      kind: 'channel-down',
      error: `The bot’s token is invalid. Enter a new one in the channel’s settings. ${message}`,
    };
  }
  if (status === 403) return { kind: 'permanent', error: `The customer has blocked the bot. ${message}` };
  if (status === 429) {
    const pauseMs = Math.min((retryAfter ?? 5) * 1000, maxPauseMs);
    return { kind: 'temporary', error: message, isUncertain: false, suspectsChannel: false, pauseMs };
  }
  if (status >= 500) {
    return { kind: 'temporary', error: message, isUncertain: true, suspectsChannel: true };
  }
  return { kind: 'permanent', error: message };
}
