import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
  type WebSocketRoute,
} from 'playwright-core';
import { expect } from 'vitest';
import { requireProgram } from './system-programs.ts';

/** A page in its own browser profile, with the errors that occurred on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors of scripts, of the console, and violations of the page's policy. */
  readonly errors: string[];
}

/** The browser of one test file: its own profiles in the Chromium that all files of a process share. */
export interface TestBrowser {
  /** Opens a profile without animations, so that tests never see a colour or a position in transition. */
  newContext(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** Closes the profiles. */
  close(): Promise<void>;
}

/** Starting Chromium takes a second of a core. It ends with the test process. */
let chromiumOfProcess: Promise<Browser> | undefined;

/** Gives a test file its browser; the first of a process starts this machine's Chromium. */
export async function startBrowser(): Promise<TestBrowser> {
  chromiumOfProcess ??= launchChromium();
  const browser = await chromiumOfProcess;
  const contexts: BrowserContext[] = [];
  return {
    async newContext(options) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        reducedMotion: 'reduce',
        ...options,
      });
      // A busy machine is slow, which is not an error.
      context.setDefaultTimeout(120_000);
      contexts.push(context);
      return context;
    },
    async close() {
      await Promise.all(contexts.splice(0).map((context) => context.close()));
    },
  };
}

function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: requireProgram('chromium'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      // Profiles share a process: the three largest files took 173 s of CPU time instead of 183.
      '--renderer-process-limit=1',
      '--in-process-gpu',
      // Pages live for seconds: optimizing their scripts costs a fifth of the browser's CPU time and never pays off.
      '--js-flags=--no-opt --no-maglev',
    ],
  });
}

/** Opens a page in a new profile. */
export async function openPage(
  browser: TestBrowser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    // Some tests are about a server that is down, concurrent changes, and rejected files. Chromium has many
    // names for a lost connection; violations of a policy or a certificate are not among them.
    const isMeant =
      /net::ERR_(?!BLOCKED|CERT|SSL|FILE|UNSAFE|INVALID|TOO_MANY|UNKNOWN_URL)|WebSocket connection|status of 4(09|15|22)/.test(
        message.text(),
      );
    if (message.type() === 'error' && !isMeant) {
      errors.push(message.text());
    }
  });
  await page.goto(address);
  return { page, errors };
}

/** A network for pages that are loaded from now on: it can be cut, or refuse only live connections. */
export async function cuttableNetwork(
  context: BrowserContext,
): Promise<{ cut(): Promise<void>; refuse(): void; restore(): Promise<void> }> {
  let isCut = false;
  const open = new Set<WebSocketRoute>();
  await context.routeWebSocket(/\/app\//, (socket) => {
    if (isCut) return void socket.close({ code: 4100 });
    open.add(socket);
    socket.connectToServer();
  });
  return {
    refuse() {
      isCut = true;
    },
    async cut() {
      // What was never connected cannot be cut.
      await expect.poll(() => open.size).toBeGreaterThan(0);
      isCut = true;
      await context.setOffline(true);
      for (const socket of open) await socket.close({ code: 4100 });
      open.clear();
    },
    async restore() {
      isCut = false;
      await context.setOffline(false);
    },
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Accessibility violations, as rule and element. `colors` checks only those that depend on the colour scheme. */
export async function accessibilityViolations(page: Page, what: 'all' | 'colors' = 'all'): Promise<string[]> {
  // A colour in transition has a contrast that is not meant to be seen.
  const moving = await page.evaluate(
    'document.getAnimations().map(({ effect }) => effect?.target?.outerHTML)',
  );
  expect(moving).toEqual([]);
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe);
  const rules =
    what === 'colors'
      ? { type: 'rule', values: ['color-contrast'] }
      : { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'] };
  return page.evaluate(async (runOnly) => {
    const { violations } = await (
      globalThis as unknown as {
        axe: {
          run(
            options: object,
          ): Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary: string }[] }[] }>;
        };
      }
    ).axe.run({ runOnly, resultTypes: ['violations'] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${String(target)} ${failureSummary}`),
    );
  }, rules);
}

/** Accessibility violations of a page of the console at several widths, and in both colour schemes at the first. */
export async function accessibilityViolationsAt(page: Page, ...widths: readonly number[]): Promise<string[]> {
  const violations: string[] = [];
  const check = async (width: number, colorScheme: 'light' | 'dark', what: 'all' | 'colors') => {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    await page.locator(`[data-mantine-color-scheme="${colorScheme}"]`).waitFor();
    for (const violation of await accessibilityViolations(page, what))
      violations.push(`${width}, ${colorScheme}: ${violation}`);
  };
  for (const [index, width] of widths.entries()) {
    // Only colours differ in the dark.
    if (index === 0) await check(width, 'dark', 'colors');
    await check(width, 'light', 'all');
  }
  return violations;
}
