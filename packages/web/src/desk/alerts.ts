import type { Agent, ConversationRow, Message, QueueItem } from '../shared/sdk.ts';
import { createStore } from '../shared/store.ts';
import { nameOf, previewOf } from './preview.ts';

let audio: AudioContext | undefined;

/** A short, soft tone; browsers allow it once the page has been used. */
function chime(): void {
  audio ??= new AudioContext();
  const { currentTime, destination } = audio;
  for (const [at, frequency] of [
    [0, 660],
    [0.09, 880],
  ] as const) {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.05, currentTime + at);
    volume.gain.exponentialRampToValueAtTime(0.0001, currentTime + at + 0.25);
    tone.connect(volume).connect(destination);
    tone.start(currentTime + at);
    tone.stop(currentTime + at + 0.3);
  }
}

const storageKey = 'mevrik.alerts';

/** What the browser lets us show outside of the page. */
export type Permission = NotificationPermission | 'unsupported';

const areOn = createStore(localStorage.getItem(storageKey) !== 'off', (on) =>
  localStorage.setItem(storageKey, on ? 'on' : 'off'),
);
const permission = createStore<Permission>(
  'Notification' in window ? Notification.permission : 'unsupported',
);
// It can be changed beside the address, too.
void navigator.permissions
  ?.query({ name: 'notifications' })
  .then((status) => {
    status.onchange = () => permission.set(Notification.permission);
  })
  .catch(() => {});

/** Whether the agent wants to hear and see that customers write, and may. */
export const alerts = {
  areOn,
  permission,
  chime,
  /** Asks whether notifications may be shown: browsers want that somebody has pressed something for it. */
  async askPermission(): Promise<void> {
    if (permission.get() === 'default') permission.set(await Notification.requestPermission());
  },
  async toggle(): Promise<boolean> {
    areOn.set(!areOn.get());
    if (areOn.get()) await alerts.askPermission();
    return areOn.get();
  },
};

const claimKey = 'mevrik.alerted';
const mostClaims = 50;

/** Of all pages that an agent has open one alone makes a noise: the first that hears of it. */
function claim(what: string): boolean {
  const claimed = (localStorage.getItem(claimKey) ?? '').split(' ');
  if (claimed.includes(what)) return false;
  localStorage.setItem(claimKey, [what, ...claimed].slice(0, mostClaims).join(' '));
  return true;
}

function alert(what: { readonly title: string; readonly body: string; readonly sessionId: number }): void {
  chime();
  const isSeen = document.visibilityState === 'visible';
  if (isSeen || permission.get() !== 'granted') return;
  const shown = new Notification(what.title, { body: what.body, tag: `session ${what.sessionId}` });
  shown.onclick = () => {
    window.focus();
    location.assign(`/desk/${what.sessionId}`);
    shown.close();
  };
}

/** Draws the agent's attention to a message of a customer of theirs that they do not look at. */
export function alertOf(
  message: Message,
  seen: {
    readonly openId: number | undefined;
    readonly me: number;
    /** What is known of the conversation. */
    readonly row: ConversationRow | undefined;
  },
): void {
  if (message.isReply || message.agentType !== 'live' || !areOn.get()) return;
  if (seen.row?.session.assignedAgentId !== seen.me) return;
  if (document.visibilityState === 'visible' && message.sessionId === seen.openId) return;
  if (!claim(`message-${message.id}`)) return;
  alert({ title: nameOf(seen.row.customer), body: previewOf(message), sessionId: message.sessionId });
}

/** Draws the agent's attention to somebody who begins to wait, where they take conversations. */
export function alertOfQueued({ id, sessionId, queue }: QueueItem, me: Agent): void {
  if (!areOn.get() || me.availability !== 'online' || !claim(`item-${id}`)) return;
  alert({ title: 'Somebody waits for a person', body: `In the queue “${queue}”`, sessionId });
}
