import type { Agent, AssignedAgent, QueuePosition, TeamAvailability } from '../api/http.ts';
import type { Case, Message, Session } from '../api/models.ts';

/**
 * The payloads of live notices, by the name that clients bind to. Notices keep open screens up to date between the
 * events of the log. They are neither stored nor repeated.
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
  /** The delivery status of a reply changed. */
  readonly message_status: {
    readonly messageId: number;
    readonly sessionId: number;
    readonly status: 'queued' | 'sent' | 'delivered' | 'read' | 'failed';
    /** Whether an unconfirmed attempt may have arrived. */
    readonly isDoubtful: boolean;
  };
  /** The customer edited or deleted a message. */
  readonly message_changed: { readonly message: Message };
  /** The post that the customer commented on was fetched. */
  readonly post_fetched: {
    readonly sessionId: number;
    readonly post: { readonly text: string | null; readonly imageUrl: string | null };
  };
  /** A channel went down, so that its messages wait, or recovered. */
  readonly channel_health: {
    readonly appId: number;
    readonly channel: string;
    readonly isDown: boolean;
    /** Why it is down. */
    readonly reason: string | null;
  };
  /** A provider sent an alert about a channel, such as a policy violation. */
  readonly channel_alert: { readonly appId: number; readonly channel: string; readonly text: string };
  /** A list changed and should be reloaded. At most one per second from each node. */
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
    /** The newly assigned agent; `null` if there is none. */
    readonly agent: AssignedAgent | null;
  };
  /** The queue position of a conversation changed. */
  readonly queue_moved: { readonly sessionId: number; readonly queuePosition: QueuePosition };
  /** The agent of a conversation came online or went offline. */
  readonly agent_changed: { readonly sessionId: number; readonly agent: AssignedAgent };
  /** The agent's own availability changed: in another tab, or because all their desks were closed. */
  readonly availability_changed: { readonly agent: Agent };
  /** The availability of the team changed. */
  readonly team_availability_changed: TeamAvailability;
  /** A customer changed, or was merged with another one. */
  readonly customer_changed: { readonly customerId: number; readonly otherId?: number };
  /** The health of a part changed. Supervisors read the reason from the API. */
  readonly health_changed: {
    readonly part: 'events' | 'channels' | 'jobs' | 'database';
    readonly status: 'ok' | 'degraded' | 'down';
  };
  /** The statistics of another minute were stored. */
  readonly statistics_stored: { readonly at: string };
  readonly case_created: { readonly case: Case };
  /** The log of an app changed: events were added, or listeners handled them or failed. Sent from time to time. */
  readonly log_moved: { readonly appId: number };
}
