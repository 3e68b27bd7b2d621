import type { Agent, AssignedAgent, QueuePosition, TeamAvailability } from '../api/http.ts';
import type { Case, Message, Session } from '../api/models.ts';

/**
 * What is told to whoever looks at a screen right now, beside the events of the log: not stored, and never told again.
 * The names clients bind to, with what they get.
 */
export interface NoticePayloads {
  readonly typing: {
    readonly sessionId: number;
    readonly by: 'customer' | 'agent';
    readonly agentId?: number;
    readonly name?: string;
    readonly typing: boolean;
  };
  readonly message_read: {
    readonly sessionId: number;
    readonly by: 'customer' | 'agent';
    readonly agentId?: number;
    readonly messageId: number;
  };
  readonly message_failed: {
    readonly messageId: number;
    readonly sessionId: number;
    readonly error: string;
    readonly note: Message;
  };
  /** How far a reply has come on its way through a provider. */
  readonly message_status: {
    readonly messageId: number;
    readonly sessionId: number;
    readonly status: 'queued' | 'sent' | 'delivered' | 'read' | 'failed';
    /** Whether an attempt may have arrived without anybody having told us. */
    readonly isDoubtful: boolean;
  };
  /** What the customer wrote has been changed or taken back by them. */
  readonly message_changed: { readonly message: Message };
  /** What the post says and shows under which the customer has commented is known now. */
  readonly post_fetched: {
    readonly sessionId: number;
    readonly post: { readonly text: string | null; readonly imageUrl: string | null };
  };
  /** A channel is down, and its messages wait; or it is up again. */
  readonly channel_health: {
    readonly appId: number;
    readonly channel: string;
    readonly isDown: boolean;
    /** Why it is down. */
    readonly reason: string | null;
  };
  /** A provider has something to say about a channel, as that it breaks a rule. */
  readonly channel_alert: { readonly appId: number; readonly channel: string; readonly text: string };
  /** Something in a list has changed: whoever shows it looks again. At most one a second from each node. */
  readonly list_changed: {
    readonly appId: number;
    readonly list: 'connections' | 'deliveries' | 'webhook-events';
  };
  readonly note_added: { readonly message: Message };
  readonly session_created: { readonly session: Session };
  readonly session_path_changed: {
    readonly session: Session;
    readonly oldPath: string;
    readonly newPath: string;
    /** Who answers from now on; `null` where no person does. */
    readonly agent: AssignedAgent | null;
  };
  /** Where in line a conversation stands now. */
  readonly queue_moved: { readonly sessionId: number; readonly queuePosition: QueuePosition };
  /** Who answers a conversation is online, or no longer. */
  readonly agent_changed: { readonly sessionId: number; readonly agent: AssignedAgent };
  /** An agent's own availability is another one: said in another tab, or because no desk of theirs was open. */
  readonly availability_changed: { readonly agent: Agent };
  /** People are there, or no longer. */
  readonly team_availability_changed: TeamAvailability;
  /** What is known of a customer has changed; another one may have turned out to be them. */
  readonly customer_changed: { readonly customerId: number; readonly otherId?: number };
  /** A part of the system is well, degraded or down now. Supervisors ask the API why. */
  readonly health_changed: {
    readonly part: 'events' | 'channels' | 'jobs' | 'database';
    readonly status: 'ok' | 'degraded' | 'down';
  };
  /** There are figures of one more minute. */
  readonly statistics_stored: { readonly at: string };
  readonly case_created: { readonly case: Case };
  /** Something has moved in an app's log: events came in, listeners handled them or failed. Told now and then. */
  readonly log_moved: { readonly appId: number };
}
