import { describe, expect, it } from 'vitest';
import { openEmail } from './process-email.ts';

const raw = Buffer.from(
  [
    'From: vera@home.example',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b\r\nContent-Type: text/plain\r\n\r\nSee below.',
    '--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment\r\n\r\npdf',
    '--b\r\nContent-Type: application/x-sh; name=b.sh\r\nContent-Disposition: attachment\r\n\r\nsh',
    '--b--',
    '',
  ].join('\r\n'),
);
const lane = { appId: 1, channel: 'mail', sender: 'vera@home.example' };
const waiting = {
  ...({ id: 1, source: 'smtp', recipient: 'support@shop.example', message_id: null } as const),
  deduplication_key: 'x',
  raw,
  received_at: '2026-11-23T10:00:00.000Z',
};
const deps = {
  channels: { all: async () => [], find: async () => undefined },
  signingKey: Buffer.from('key'),
};

describe('an opened email', () => {
  it('has its attachments stored, except rejected ones', async () => {
    const email = await openEmail(lane, waiting, {
      ...deps,
      storeAttachment: async (appId, { name, content }) =>
        name.endsWith('.pdf')
          ? { type: 'file', url: `https://files.example/${appId}/${name}`, name, sizeBytes: content.length }
          : null,
    });
    expect(email.attachments).toEqual([
      { type: 'file', url: 'https://files.example/1/a.pdf', name: 'a.pdf', sizeBytes: 3 },
      null,
    ]);
  });

  it('stores no attachments without a file store', async () => {
    expect((await openEmail(lane, waiting, { ...deps, storeAttachment: null })).attachments).toEqual([]);
  });
});
