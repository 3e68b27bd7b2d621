import { type ConfigInput, readConfig } from './config.ts';
import { createWidget, type Widget } from './widget.ts';

/** A call by the page, such as `Mevrik('open')`. Before the script has loaded, pages queue their calls. */
type Call = readonly [name: string, ...args: unknown[]];
interface Queue {
  readonly q?: readonly Call[];
}
const page: Window & { Mevrik?: Queue | readonly Call[] | typeof mevrik } = window;

const script = document.currentScript as HTMLScriptElement | null;
const early = page.Mevrik;
const waiting: readonly Call[] = Array.isArray(early) ? early : ((early as Queue | undefined)?.q ?? []);
let widget: Widget | undefined;

function start(given: ConfigInput = {}): void {
  widget?.destroy();
  const config = readConfig(script, given);
  if (config.appKey === '') {
    console.error('Mevrik: the script needs `data-app-key`, the key of the app.');
    return;
  }
  widget = createWidget(config);
}

/** Runs a call; logs an error for an unknown one. */
function mevrik(name: string, ...args: unknown[]): unknown {
  if (name === 'init') return start(args[0] as ConfigInput);
  const act = (widget as unknown as Record<string, unknown> | undefined)?.[name];
  if (typeof act === 'function') {
    const done = act(...args);
    // The chat shows the error. Callers can still handle the returned promise.
    if (done instanceof Promise) done.catch(() => {});
    return done;
  }
  return console.error(`Mevrik: unknown call \`${name}\`, or no widget exists yet.`);
}

const calls = ['open', 'close', 'identify', 'setAttributes', 'forget', 'on', 'destroy', 'init'] as const;
page.Mevrik = Object.assign(
  mevrik,
  Object.fromEntries(calls.map((name) => [name, (...args: unknown[]) => mevrik(name, ...args)])),
);

function boot(): void {
  if (script?.dataset.appKey !== undefined) start();
  for (const [name, ...args] of waiting) mevrik(name, ...args);
}

if (document.body) boot();
else addEventListener('DOMContentLoaded', boot);
