import { describe, expect, it } from 'vitest';
import type { ChannelCapabilities } from '../../shared/sdk.ts';
import { fileRejection } from './file-rejection.ts';

const channel = (...attachments: ChannelCapabilities['attachments']): ChannelCapabilities => ({
  textLength: 2_000,
  attachments,
  quickReplies: 0,
  buttons: 0,
  replyWindowHours: null,
});
const film = { name: 'film.mp4', type: 'video/mp4', size: 30_000_000 };

describe('a file', () => {
  it.each([
    ['that the channel takes', channel('image', 'video'), 30_000_000, undefined],
    [
      'that is too large',
      channel('video'),
      25_000_000,
      '“film.mp4” is too large (30.0 MB). The limit is 25.0 MB.',
    ],
    [
      'of another kind than the channel takes',
      channel('image', 'file', 'audio'),
      30_000_000,
      '“film.mp4” can’t be sent. This channel doesn’t support videos, only images, documents and audio.',
    ],
    ['on a channel that takes none', channel(), 30_000_000, 'This channel doesn’t support attachments.'],
    ['where nothing can be sent', null, 30_000_000, 'This channel doesn’t support attachments.'],
  ])('%s', (_what, capabilities, mostBytes, expected) => {
    expect(fileRejection(film, { capabilities, mostBytes })).toBe(expected);
  });

  it('that is empty is none', () => {
    const limits = { capabilities: channel('video'), mostBytes: 10 };
    expect(fileRejection({ ...film, size: 0 }, limits)).toBe('“film.mp4” is empty.');
  });
});
