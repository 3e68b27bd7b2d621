import type { LoggedEvent } from '@mevrik/protocol';

interface KnownData {
  readonly message?: {
    readonly content?: { readonly text?: string };
    readonly kind?: string;
    readonly sender?: { readonly type?: string; readonly name?: string };
  };
  readonly queueItem?: { readonly queue?: string; readonly reason?: string };
  readonly case?: { readonly id?: number; readonly disposition?: string | null };
  readonly oldPath?: string;
  readonly newPath?: string;
  readonly customer?: { readonly name?: string | null; readonly id?: number };
  readonly error?: string;
}

/** Senders without a name. A customer's message is introduced by its title already. */
const senderLabels: Readonly<Record<string, string>> = { bot: 'Bot', agent: 'Agent', system: 'System' };

/** `bot`, `live/queue:support`, `live/agent:7` or `csat` in words. */
function pathLabel(path: string): string {
  const [, kind, target] = /^live\/(queue|agent):(.*)$/.exec(path) ?? [];
  if (kind === 'queue') return `queue “${target}”`;
  if (kind === 'agent') return `agent ${target}`;
  return path === 'csat' ? 'survey' : path;
}

/** A code such as `video_call_request` in words. */
function labelOf(code = ''): string {
  return code.replaceAll('_', ' ');
}

/** An event in one readable line; '' for events without details. */
export function summaryOf({ data, type }: Pick<LoggedEvent, 'data' | 'type'>): string {
  const { message, queueItem, case: affected, oldPath, newPath, customer, error } = (data ?? {}) as KnownData;
  if (type === 'MessageDeliveryFailedEvent' && error) return `Not delivered: ${error}`;
  if (message) {
    const who = message.sender?.name ?? senderLabels[message.sender?.type ?? ''] ?? '';
    return `${who}${who ? ': ' : ''}${message.content?.text ?? labelOf(message.kind)}`;
  }
  if (newPath) return `${pathLabel(oldPath ?? '')} → ${pathLabel(newPath)}`;
  if (queueItem) return `Waiting in “${queueItem.queue}” (${labelOf(queueItem.reason)})`;
  if (affected) return `Case #${affected.id}${affected.disposition ? `, ${affected.disposition}` : ''}`;
  if (customer) return customer.name ?? `Customer #${customer.id}`;
  return '';
}
