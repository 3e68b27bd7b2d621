import { type AcceptedMessage, signWebhook } from './graph-stand-in.ts';

/** Where a product of ours waits for what Facebook tells, and what it has in common with it. */
export interface WebhookSubscription {
  /** The webhook's address. */
  readonly address: string;
  readonly appSecret: string;
  readonly pageId: string;
}

/** How updates come, other than once and in their order. */
export type Disorder = 'none' | 'twice' | 'reversed';

/** Tells of what happens on Facebook, as its webhooks do. */
export interface FacebookCaller {
  /** Posts updates of threads, signed. @returns the status and the body of the answer. */
  tell(...updates: Record<string, unknown>[]): Promise<WebhookResponse>;
  /** Somebody writes to the page. */
  writes(person: string, text: string): Promise<WebhookResponse>;
  /** Somebody comments on a post of the page. */
  comments(comment: {
    readonly person: string;
    readonly name: string;
    readonly text: string;
    readonly postId: string;
    readonly commentId?: string;
  }): Promise<WebhookResponse>;
  /** What Facebook tells when it has taken something of ours: it comes back, is delivered, is read. */
  confirm(accepted: AcceptedMessage): Promise<void>;
  /** From now on updates come like this. */
  misdeliver(disorder: Disorder): void;
}

/** How the product has answered. */
export interface WebhookResponse {
  readonly status: number;
  readonly answer: string;
}

/** Makes one for a page. */
export function createFacebookCaller({ address, appSecret, pageId }: WebhookSubscription): FacebookCaller {
  let numbers = 0;
  let disorder: Disorder = 'none';
  const nextId = (kind: string) => `${kind}_${pageId}_${Date.now()}_${++numbers}`;

  async function post(entry: object): Promise<WebhookResponse> {
    const { body, headers } = signWebhook({ object: 'page', entry: [{ id: pageId, ...entry }] }, appSecret);
    const ask = () => fetch(address, { method: 'POST', headers, body });
    if (disorder === 'twice') await ask();
    const response = await ask();
    return { status: response.status, answer: await response.text() };
  }

  function tell(...updates: Record<string, unknown>[]): Promise<WebhookResponse> {
    const now = Date.now();
    const messaging = updates.map((update, at) => ({
      sender: { id: 'somebody' },
      recipient: { id: pageId },
      timestamp: now + at,
      ...update,
    }));
    return post({ time: now, messaging });
  }

  return {
    tell,
    writes: (person, text) => tell({ sender: { id: person }, message: { mid: nextId('m'), text } }),
    comments({ person, name, text, postId, commentId = nextId('c') }) {
      const value = {
        item: 'comment',
        verb: 'add',
        from: { id: person, name },
        post_id: postId,
        parent_id: postId,
        comment_id: commentId,
        created_time: Math.floor(Date.now() / 1000),
        message: text,
      };
      return post({ time: value.created_time, changes: [{ field: 'feed', value }] });
    },
    async confirm({ id, body }) {
      const person = body.recipient?.id;
      if (person === undefined || !body.message) return;
      const { text, attachment, metadata } = body.message;
      const message = {
        mid: id,
        is_echo: true,
        app_id: 1,
        metadata,
        text,
        attachments: attachment && [attachment],
      };
      const watermark = Date.now();
      const updates = [
        { sender: { id: pageId }, recipient: { id: person }, message },
        { sender: { id: person }, delivery: { mids: [id], watermark } },
        { sender: { id: person }, read: { watermark } },
      ];
      for (const update of disorder === 'reversed' ? updates.reverse() : updates) await tell(update);
    },
    misdeliver(next) {
      disorder = next;
    },
  };
}
