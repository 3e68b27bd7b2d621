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
  StartVisitRequest,
  StoredMessage,
  StoredOfflineMessage,
  TeamAvailability,
  VisitTokens,
} from '@mevrik/protocol';
import type { Call, Caller } from '../caller.ts';
import { type Once, once, verbsOf } from './verbs.ts';

/** The calls of a visitor. */
export function visitorCalls(call: Caller, appKey: string) {
  const { post, get } = verbsOf(call);
  return {
    /** Starts a visit to the client's app, or resumes that of a verified user. */
    startVisit: (visit: Omit<StartVisitRequest, 'appKey'> = {}) =>
      post<VisitTokens>('/v1/visitors', { appKey, ...visit }),
    /** Resumes a visit with its refresh token. */
    refreshVisit: (refreshToken: string) => post<VisitTokens>('/v1/visitors/refresh', { refreshToken }),
    /** The team's availability. Needs no token. */
    teamAvailability: () => get<TeamAvailability>('/v1/team-availability', { appKey }),
    /** Leaves an offline message, answered by email if the app has an email channel. */
    leaveMessage: (message: OfflineMessage, repeat?: Once) =>
      post<StoredOfflineMessage>('/v1/offline-messages', message, once(repeat)),
    /** The customer, their session if any, the queue position and the assigned agent. */
    me: () => get<Me>('/v1/me'),
    /** Sets profile fields that are empty; a verified customer may also change them. */
    introduce: (profile: NonNullable<StartVisitRequest['profile']>) =>
      call<{ readonly customer: Customer }>('PATCH', '/v1/me', { body: profile }),
    /** The customer's conversation, newest first. */
    messages: (page?: PageQuery) => get<Page<Message>>('/v1/messages', page),
    /** Writes a message; `signal` aborts the request. */
    writeMessage: (message: PostMessage, run: Once & Pick<Call, 'signal'> = {}) =>
      post<StoredMessage>('/v1/messages', message, {
        ...once(run),
        ...(run.signal === undefined ? {} : { signal: run.signal }),
      }),
    /** Presses a button of a message. */
    pressButton: (choice: Choice, repeat?: Once) =>
      post<StoredMessage>('/v1/postbacks', choice, once(repeat)),
    /** Chooses a quick reply of a message. */
    chooseQuickReply: (choice: Choice, repeat?: Once) =>
      post<StoredMessage>('/v1/quick-replies', choice, once(repeat)),
    /** Answers the survey at the end of a session. */
    answerSurvey: (answer: CsatAnswer, repeat?: Once) =>
      post<StoredMessage>('/v1/csat-answers', answer, once(repeat)),
    /** Sends a typing notice. */
    sendTyping: (typing: boolean) => post<void>('/v1/typing', { typing }),
    /** Marks messages up to this id as read. */
    markRead: (messageId: number) => post<void>('/v1/read', { messageId }),
    /** Uploads a file: put its `fileId` into a message's attachments. */
    uploadFile: (
      file: Blob,
      about: { readonly appId?: number; readonly name: string },
      run: Pick<Call, 'onProgress' | 'signal'> = {},
    ) => post<Attachment>('/v1/attachments', file, { query: about, ...run }),
  };
}
