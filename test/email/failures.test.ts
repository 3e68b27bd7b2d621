import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations, openPage, startBrowser, type TestBrowser } from '../support/browser.ts';
import { type EmailProduct, startEmail } from '../support/email.ts';
import type { Employed } from '../support/product.ts';

let product: EmailProduct;
let admin: Employed;
beforeAll(async () => {
  product = await startEmail({ env: { EMAIL_ATTEMPTS: '3' } });
  admin = await product.employ({ role: 'admin', name: 'Ada' });
});
afterAll(() => product.stop());

let isAway = false;
/** Makes the attachment storage unavailable, like an unmounted disk, or available again. */
async function storeIsAway(away: boolean) {
  if (away === isAway) return;
  isAway = away;
  const files = join(product.dataDir, 'files');
  if (away) {
    // There is no folder before the first file.
    await rename(files, `${files}.away`).catch(() => undefined);
    await writeFile(files, 'not a folder');
  } else {
    await rename(files, `${files}.gone`);
    // There is no folder before the first file.
    await rename(`${files}.away`, files).catch(() => undefined);
  }
}
afterEach(() => storeIsAway(false));

let people = 0;
const newAddress = () => `unlucky-${++people}@home.example`;
/** An email with a new file: a known one would not be stored again. */
const withFile = () => ({
  text: 'See the file.',
  attachments: [{ filename: 'a.txt', content: randomUUID() }],
});
const textsOf = async (address: string) =>
  (await product.messagesOf(address)).map(({ content }) => content.text);
const recordOf = async (messageId: string) =>
  (await admin.call('GET', '/v1/admin/emails?limit=100')).body.items.find(
    (email: { messageId: string }) => email.messageId === messageId,
  );

describe('an email that the server fails to process', () => {
  it('is retried, fails after its last attempt, and does not block later emails', async () => {
    const person = newAddress();
    await storeIsAway(true);
    const { messageId } = await product.send({ from: person, ...withFile() });
    await product.send({ from: person, text: 'the next one' });
    await expect.poll(async () => (await recordOf(messageId))?.status).toBe('failed');
    const record = await recordOf(messageId);
    expect(record).toMatchObject({ attempts: 3, retryAt: null, sender: person });
    expect(record.note).toMatch(/ENOTDIR|EEXIST/);
    await expect.poll(() => textsOf(person)).toEqual(['the next one']);
    const audit = await product.database.sql`
      SELECT target FROM audit_entries WHERE action = 'email.failed' AND target = ${`email ${record.id}`}`;
    expect(audit).toHaveLength(1);

    await storeIsAway(false);
    expect((await admin.call('POST', `/v1/admin/emails/${record.id}/replay`)).status).toBe(202);
    await expect.poll(async () => (await recordOf(messageId))?.status).toBe('handled');
    await expect.poll(() => textsOf(person)).toEqual(['the next one', 'See the file.']);
  });

  it('is processed in order if the cause is fixed before the last attempt', async () => {
    const person = newAddress();
    await storeIsAway(true);
    const { messageId } = await product.send({ from: person, ...withFile() });
    await product.send({ from: person, text: 'the next one' });
    // Its next attempt comes after the storage is back.
    const hold = () => product.database.sql`
      UPDATE inbound_emails SET retry_at = now() + interval '1 hour'
      WHERE message_id = ${messageId} AND status = 'received' AND note IS NOT NULL RETURNING note`;
    await expect.poll(hold).toEqual([{ note: expect.stringMatching(/ENOTDIR|EEXIST/) }]);
    await storeIsAway(false);
    await product.database.sql`UPDATE inbound_emails SET retry_at = now() WHERE message_id = ${messageId}`;
    await product.send({ from: person, text: 'and another' });
    await expect.poll(async () => (await recordOf(messageId))?.status).toBe('handled');
    await expect.poll(() => textsOf(person)).toEqual(['See the file.', 'the next one', 'and another']);
  });

  it('also fails if every attempt crashes the process', async () => {
    const person = newAddress();
    const { messageId } = await product.send({ from: person, text: 'poison' });
    await expect.poll(async () => (await recordOf(messageId))?.status).toBe('handled');
    // The state after three processes that crashed on it.
    const { id } = await recordOf(messageId);
    await product.database.sql`
      UPDATE inbound_emails SET status = 'received', attempts = 3, retry_at = now(), note = NULL WHERE id = ${id}`;
    await product.send({ from: person, text: 'the next one' });
    await expect.poll(async () => (await recordOf(messageId))?.status).toBe('failed');
    expect((await recordOf(messageId)).note).toContain('crashed while processing it');
    await expect.poll(() => textsOf(person)).toContain('the next one');
  });
});

describe('an administrator in the list of emails', () => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  it('sees which have failed and why, opens one, and replays it', async () => {
    const person = newAddress();
    await storeIsAway(true);
    const { messageId } = await product.send({ from: person, subject: 'My order', ...withFile() });
    await expect.poll(async () => (await recordOf(messageId))?.status).toBe('failed');
    const [who] = await product.database.sql<{ email: string }[]>`
      SELECT email FROM agents WHERE id = ${admin.id}`;
    const { page, errors } = await openPage(browser, `${product.url}/login?to=/admin/emails`);
    await page.getByLabel('Email').fill(who?.email ?? '');
    await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
    await page.getByRole('button', { name: 'Log in' }).click();
    const row = page.getByRole('row', { name: new RegExp(person) });
    await row.getByText('failed').waitFor();
    await row.getByText(/ENOTDIR|EEXIST/).waitFor();
    await row.getByRole('button', { name: /View email/ }).click();
    await page.getByText('Subject: My order').waitFor();
    expect(await accessibilityViolations(page)).toEqual([]);
    const folder = process.env.SCREENSHOTS;
    if (folder) await page.screenshot({ path: `${folder}/emails.png` });
    await storeIsAway(false);
    await row.getByRole('button', { name: 'Process again' }).click();
    await row.getByText('handled').waitFor();
    await expect.poll(() => textsOf(person)).toEqual(['See the file.']);
    expect(errors).toEqual([]);
    await page.context().close();
  });
});
