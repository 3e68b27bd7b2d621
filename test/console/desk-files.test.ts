import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { picture, reply, said, startDesk, type TestDesk, thread } from '../support/desk.ts';

const mostBytes = 200_000;

let desk: TestDesk;
beforeAll(async () => {
  desk = await startDesk({ ATTACHMENT_MAX_BYTES: String(mostBytes) });
});
afterAll(() => desk?.stop());
afterEach(() => desk.closePages());

interface Dropped {
  readonly name: string;
  readonly type: string;
  readonly bytes: readonly number[];
}

/** The browser events of dragging files over a part of the page, and dropping them or moving on. */
async function drag(page: Page, selector: string, files: readonly Dropped[], ends: 'drop' | 'dragleave') {
  const handle = await page.evaluateHandle((given) => {
    const { DataTransfer } = globalThis as unknown as {
      DataTransfer: new () => { readonly items: { add(file: File): void } };
    };
    const transfer = new DataTransfer();
    for (const { name, type, bytes } of given)
      transfer.items.add(new File([Uint8Array.from(bytes)], name, { type }));
    return transfer;
  }, files);
  await page.dispatchEvent(selector, 'dragenter', { dataTransfer: handle });
  await page.dispatchEvent(selector, 'dragover', { dataTransfer: handle });
  const hint = page.getByText(/Drop files here|support attachments/);
  // Without a hint the result is `null`.
  const shown = await hint.textContent().catch(() => null);
  await page.dispatchEvent(selector, ends, { dataTransfer: handle });
  await hint.waitFor({ state: 'detached' });
  return shown;
}

const green: Dropped = { name: 'green.png', type: 'image/png', bytes: [...picture] };
const files = (page: Page) => page.getByRole('list', { name: 'Attachments' });

describe('files on the desk', () => {
  it('are added wherever on the conversation they are dropped, and are sent with the reply', async () => {
    const { visitor, page } = await desk.served('Dropping Dee');
    expect(await drag(page, '[role=log]', [green], 'dragleave')).toContain('Drop files here');
    expect(await files(page).count()).toBe(0);
    await drag(page, '[role=log]', [green], 'drop');
    await files(page).getByText('green.png').waitFor();
    await drag(page, 'header h1', [{ ...green, name: 'another.png' }], 'drop');
    await expect.poll(() => files(page).getByText('70 B').count()).toBe(2);
    await reply(page).fill('Both of them');
    await page.keyboard.press('Enter');
    await expect.poll(() => said(visitor)).toEqual(['Both of them']);
    await thread(page).getByRole('button', { name: 'View another.png' }).waitFor();
    expect(await files(page).count()).toBe(0);
  });

  it('dropped outside the conversation do not replace the page', async () => {
    const { page } = await desk.served('Missing Mia');
    const isPrevented = await page.evaluate(() => {
      const { DataTransfer, DragEvent, document } = globalThis as unknown as {
        DataTransfer: new () => { readonly items: { add(file: File): void } };
        DragEvent: new (type: string, init: object) => Event;
        document: { readonly body: EventTarget };
      };
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(['x'], 'x.txt'));
      const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
      document.body.dispatchEvent(event);
      return event.defaultPrevented;
    });
    expect(isPrevented).toBe(true);
  });

  it('show their progress, can be cancelled meanwhile, and are not sent incomplete', async () => {
    const { visitor, page } = await desk.served('Slow Sue');
    let free = () => {};
    const isFree = new Promise<void>((resolve) => {
      free = resolve;
    });
    await page.route('**/v1/attachments?*', async (route) => {
      await isFree;
      await route.continue();
    });
    await page.setInputFiles('input[type=file]', [
      { name: 'slow.png', mimeType: 'image/png', buffer: picture },
      { name: 'not-this.png', mimeType: 'image/png', buffer: picture },
    ]);
    await page.getByRole('progressbar', { name: 'Uploading slow.png' }).waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'Remove not-this.png' }).click();
    await files(page).getByText('not-this.png').waitFor({ state: 'detached' });
    await reply(page).fill('Look');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Wait until all files are uploaded').waitFor();
    expect(await said(visitor)).toEqual([]);
    free();
    await page.getByRole('progressbar', { name: 'Uploading slow.png' }).waitFor({ state: 'detached' });
    await files(page).getByText('70 B').waitFor();
    await reply(page).press('Enter');
    await expect.poll(() => said(visitor)).toEqual(['Look']);
  });

  it('that cannot be sent are rejected with the reason: too large, empty, or of another type than declared', async () => {
    const { page } = await desk.served('Refused Rita');
    const alert = page.getByRole('alert');
    await page.setInputFiles('input[type=file]', {
      name: 'poster.png',
      mimeType: 'image/png',
      buffer: Buffer.alloc(mostBytes + 1),
    });
    await alert.getByText('“poster.png” is too large (200 KB). The limit is 200 KB.').waitFor();
    await page.setInputFiles('input[type=file]', {
      name: 'nothing.png',
      mimeType: 'image/png',
      buffer: Buffer.alloc(0),
    });
    await alert.getByText('“nothing.png” is empty.').waitFor();
    expect(await files(page).count()).toBe(0);
    // Only the server detects the type of a file, from its content.
    await page.setInputFiles('input[type=file]', {
      name: 'invoice.pdf',
      mimeType: 'application/pdf',
      buffer: Buffer.from('MZ\x90\x00 a program'),
    });
    await files(page)
      .getByText(/are not allowed/)
      .waitFor();
    await reply(page).fill('Here it is');
    await reply(page).press('Enter');
    await alert.getByText('A file failed to upload. Remove it before you send.').waitFor();
    await page.getByRole('button', { name: 'Remove invoice.pdf' }).click();
    await reply(page).press('Enter');
    await thread(page).getByText('Here it is').waitFor();
  });
});
