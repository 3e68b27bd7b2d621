import { type AcceptedMessage, signWebhook } from './graph-stand-in.ts';

/** The webhook that is called, and the secret that signs the calls. */
export interface WebhookSubscription {
  /** The webhook's address. */
  readonly address: string;
  readonly appSecret: string;
  readonly pageId: string;
}

/** How webhook events arrive: once and in order, twice, or in reverse order. */
export type Disorder = 'none' | 'twice' | 'reversed';

/** Calls the webhook as Facebook does. */
export interface FacebookCaller {
  /** Posts signed events of conversations. @returns the response. */
  post(...events: Record<string, unknown>[]): Promise<WebhookResponse>;
  /** A person writes to the page. */
  writes(person: string, text: string): Promise<WebhookResponse>;
  /** A person comments on a post of the page. */
  comments(comment: {
    readonly person: string;
    readonly name: string;
    readonly text: string;
    readonly postId: string;
    readonly commentId?: string;
  }): Promise<WebhookResponse>;
  /** Posts the events that follow an accepted message: its echo, delivery receipt and read receipt. */
  confirm(accepted: AcceptedMessage): Promise<void>;
  /** Sets how events arrive from now on. */
  misdeliver(disorder: Disorder): void;
}

/** The webhook's response. */
export interface WebhookResponse {
  readonly status: number;
  readonly body: string;
}

/** Creates a caller for a page. */
export function createFacebookCaller({ address, appSecret, pageId }: WebhookSubscription): FacebookCaller {
  let numbers = 0;
  let disorder: Disorder = 'none';
  const nextId = (kind: string) => `${kind}_${pageId}_${Date.now()}_${++numbers}`;

  async function postEntry(entry: object): Promise<WebhookResponse> {
    const { body, headers } = signWebhook({ object: 'page', entry: [{ id: pageId, ...entry }] }, appSecret);
    const send = () => fetch(address, { method: 'POST', headers, body });
    if (disorder === 'twice') await send();
    const response = await send();
    return { status: response.status, body: await response.text() };
  }

  function post(...events: Record<string, unknown>[]): Promise<WebhookResponse> {
    const now = Date.now();
    const messaging = events.map((event, at) => ({
      sender: { id: 'visitor' },
      recipient: { id: pageId },
      timestamp: now + at,
      ...event,
    }));
    return postEntry({ time: now, messaging });
  }

  return {
    post,
    writes: (person, text) => post({ sender: { id: person }, message: { mid: nextId('m'), text } }),
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
      return postEntry({ time: value.created_time, changes: [{ field: 'feed', value }] });
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
      const events = [
        { sender: { id: pageId }, recipient: { id: person }, message },
        { sender: { id: person }, delivery: { mids: [id], watermark } },
        { sender: { id: person }, read: { watermark } },
      ];
      for (const event of disorder === 'reversed' ? events.reverse() : events) await post(event);
    },
    misdeliver(next) {
      disorder = next;
    },
  };
}
