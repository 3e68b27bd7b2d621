import type {
  AcceptedQueueItem,
  Agent,
  Attachment,
  AvailabilityChange,
  CannedReply,
  Case,
  ChangeCannedReply,
  ChangeCustomer,
  CloseCaseRequest,
  Colleague,
  ConversationQuery,
  ConversationRow,
  Customer,
  CustomerOverview,
  CustomerSummary,
  Delivery,
  Login,
  Message,
  NewCannedReply,
  Page,
  PageQuery,
  QueueItem,
  QueueQuery,
  Replied,
  Reply,
  Session,
  SessionQuery,
  StaffApp,
  TransferRequest,
} from '@mevrik/protocol';
import type { Call, Caller } from '../caller.ts';
import type { Tokens } from '../token-store.ts';
import { type Once, once, verbsOf } from './verbs.ts';

/** The calls of an agent at the desk. */
export function deskCalls(call: Caller) {
  const { post, get } = verbsOf(call);
  return {
    /** Logs an agent in. */
    login: (login: Login) => post<Tokens & { readonly agent: Agent }>('/v1/agents/login', login),
    /** Exchanges a refresh token for new tokens; `createTokenStore` does it. */
    refreshLogin: (refreshToken: string) => post<Tokens>('/v1/agents/refresh', { refreshToken }),
    /** Logs the agent out. */
    logout: () => call<void>('POST', '/v1/agents/logout'),
    /** The agent who is logged in. */
    agent: () => get<Agent>('/v1/agents/me'),
    /** Sets the agent’s availability and capacity. */
    setAvailability: (change: AvailabilityChange) =>
      call<Agent>('PUT', '/v1/agents/me/availability', { body: change }),
    /** The agent's apps with their channels and queues. */
    apps: () => get<{ readonly items: readonly StaffApp[] }>('/v1/apps'),
    /** The agents that a conversation can be transferred to. */
    colleagues: () => get<{ readonly items: readonly Colleague[] }>('/v1/agents'),
    /** Active conversations, with what a list shows. */
    conversations: (query?: ConversationQuery) => get<Page<ConversationRow>>('/v1/conversations', query),
    /** The active conversation of a session, as in the list. */
    conversation: (sessionId: number) => get<ConversationRow>(`/v1/sessions/${sessionId}/conversation`),
    /** Queue items, newest first. */
    queueItems: (query?: QueueQuery) => get<Page<QueueItem>>('/v1/queue-items', query),
    /** Accepts a queue item; rejects with `already_taken` if another agent was first. */
    acceptQueueItem: (id: number) => call<AcceptedQueueItem>('POST', `/v1/queue-items/${id}/accept`),
    /** Sessions, newest first. */
    sessions: (query?: SessionQuery) => get<Page<Session>>('/v1/sessions', query),
    /** A session. */
    session: (id: number) => get<Session>(`/v1/sessions/${id}`),
    /** A session's conversation, newest first, with notes. */
    sessionMessages: (id: number, page?: PageQuery) =>
      get<Page<Message>>(`/v1/sessions/${id}/messages`, page),
    /** Replies to the customer. */
    reply: (sessionId: number, reply: Reply, repeat?: Once) =>
      post<Replied>(`/v1/sessions/${sessionId}/replies`, reply, once(repeat)),
    /** Adds an internal note. */
    addNote: (sessionId: number, text: string, repeat?: Once) =>
      post<Replied>(`/v1/sessions/${sessionId}/notes`, { text }, once(repeat)),
    /** Transfers a session to an agent, a queue or the bot. */
    transfer: (sessionId: number, transfer: TransferRequest) =>
      post<{ readonly session: Session }>(`/v1/sessions/${sessionId}/transfer`, transfer),
    /** Sends a typing notice to the customer. */
    sendTypingIn: (sessionId: number, typing: boolean) =>
      post<void>(`/v1/sessions/${sessionId}/typing`, { typing }),
    /** Marks messages up to this id as read. */
    markReadIn: (sessionId: number, messageId: number) =>
      post<void>(`/v1/sessions/${sessionId}/read`, { messageId }),
    /** A message's deliveries, including fallback channels, newest first. */
    deliveriesOf: (messageId: number) =>
      get<{ readonly items: readonly Delivery[] }>(`/v1/messages/${messageId}/deliveries`),
    /** Retries a failed message; rejects with `conflict` if it has not failed. */
    retryMessage: (messageId: number) => call<Replied>('POST', `/v1/messages/${messageId}/retry`),
    /** A case. */
    case: (id: number) => get<{ readonly case: Case }>(`/v1/cases/${id}`),
    /** Closes a case with a disposition. */
    closeCase: (id: number, closing: CloseCaseRequest) =>
      post<{ readonly case: Case }>(`/v1/cases/${id}/close`, closing),
    /** The canned replies of an app. */
    cannedReplies: (appId: number) =>
      get<{ readonly items: readonly CannedReply[] }>('/v1/canned-replies', { appId }),
    /** Adds a canned reply. */
    addCannedReply: (reply: NewCannedReply) => post<CannedReply>('/v1/canned-replies', reply),
    /** Changes a canned reply; absent fields stay as they are. */
    changeCannedReply: (id: number, change: ChangeCannedReply) =>
      call<CannedReply>('PATCH', `/v1/canned-replies/${id}`, { body: change }),
    /** Removes a canned reply. */
    removeCannedReply: (id: number) => call<void>('DELETE', `/v1/canned-replies/${id}`),
    /** Uploads a file: put its `fileId` into a message's attachments. Agents say which app it is for. */
    uploadFile: (
      file: Blob,
      about: { readonly appId?: number; readonly name: string },
      run: Pick<Call, 'onProgress' | 'signal'> = {},
    ) => post<Attachment>('/v1/attachments', file, { query: about, ...run }),
    /** A customer. */
    customer: (id: number) => get<Customer>(`/v1/customers/${id}`),
    /** Searches an app's customers by name, email, phone or id; at most twenty. */
    searchCustomers: (query: { readonly appId: number; readonly search: string }) =>
      get<{ readonly items: readonly CustomerSummary[] }>('/v1/customers', query),
    /** Changes a customer; absent fields stay as they are. */
    changeCustomer: (id: number, change: ChangeCustomer) =>
      call<Customer>('PATCH', `/v1/customers/${id}`, { body: change }),
    /** Merges customer `otherId` into customer `id`. */
    mergeCustomer: (id: number, otherId: number) => post<Customer>(`/v1/customers/${id}/merge`, { otherId }),
    /** A customer with their contacts, sessions, cases and possible duplicates. */
    customerOverview: (id: number) => get<CustomerOverview>(`/v1/customers/${id}/overview`),
  };
}
