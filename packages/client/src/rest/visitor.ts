import type {
  Attachment,
  Choice,
  CsatAnswer,
  Customer,
  Me,
  Message,
  OfflineMessage,
  Page,
  PageQuery,
  PostMessage,
  StartVisit,
  StoredMessage,
  StoredOfflineMessage,
  TeamAvailability,
  Visit,
} from '@mevrik/protocol';
import type { Call, Caller } from '../caller.ts';
import { type Once, once, verbsOf } from './verbs.ts';

/** What a visitor may call. */
export function visitorCalls(call: Caller, appKey: string) {
  const { post, get } = verbsOf(call);
  return {
    /** Begins a visit to the client's app, or resumes one that the app vouches for. */
    startVisit: (visit: Omit<StartVisit, 'appKey'> = {}) => post<Visit>('/v1/visitors', { appKey, ...visit }),
    /** Resumes a visit with its refresh token. */
    refreshVisit: (refreshToken: string) => post<Visit>('/v1/visitors/refresh', { refreshToken }),
    /** Whether anybody is there; strangers may ask, too. */
    teamAvailability: () => get<TeamAvailability>('/v1/team-availability', { appKey }),
    /** Leaves a message for when people are there again; it is answered by mail where the app has a channel for that. */
    leaveMessage: (message: OfflineMessage, repeat?: Once) =>
      post<StoredOfflineMessage>('/v1/offline-messages', message, once(repeat)),
    /** The customer, their session where there is one, their place in line, and who answers. */
    me: () => get<Me>('/v1/me'),
    /** Says who the customer is: fills what is not known; whoever the app vouched for may also change it. */
    introduce: (profile: NonNullable<StartVisit['profile']>) =>
      call<{ readonly customer: Customer }>('PATCH', '/v1/me', { body: profile }),
    /** The customer's conversation, newest first. */
    messages: (page?: PageQuery) => get<Page<Message>>('/v1/messages', page),
    writeMessage: (message: PostMessage, repeat?: Once) =>
      post<StoredMessage>('/v1/messages', message, once(repeat)),
    /** Presses a button of a message. */
    pressButton: (choice: Choice, repeat?: Once) =>
      post<StoredMessage>('/v1/postbacks', choice, once(repeat)),
    chooseQuickReply: (choice: Choice, repeat?: Once) =>
      post<StoredMessage>('/v1/quick-replies', choice, once(repeat)),
    answerSurvey: (answer: CsatAnswer, repeat?: Once) =>
      post<StoredMessage>('/v1/csat-answers', answer, once(repeat)),
    /** Says that the customer is typing, or no longer. */
    sendTyping: (typing: boolean) => post<void>('/v1/typing', { typing }),
    /** Says how far the customer has read. */
    markRead: (messageId: number) => post<void>('/v1/read', { messageId }),
    /** Uploads a file: put its `fileId` into a message's attachments. */
    uploadFile: (
      file: Blob,
      about: { readonly appId?: number; readonly name: string },
      run: Pick<Call, 'onProgress' | 'signal'> = {},
    ) => post<Attachment>('/v1/attachments', file, { query: about, ...run }),
  };
}
