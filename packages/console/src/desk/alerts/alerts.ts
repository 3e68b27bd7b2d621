import { hasBrowserLocks } from '../../shared/browser-lock.ts';
import type { Agent, ConversationRow, Message, QueueItem } from '../../shared/sdk.ts';
import { createStore } from '../../shared/store.ts';
import { customerName, messagePreview } from '../list/conversation-labels.ts';

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

/** The browser's permission for notifications. */
export type Permission = NotificationPermission | 'unsupported';

const areOn = createStore(localStorage.getItem(storageKey) !== 'off', (on) =>
  localStorage.setItem(storageKey, on ? 'on' : 'off'),
);
const permission = createStore<Permission>(
  'Notification' in window ? Notification.permission : 'unsupported',
);
// The permission can also change in the browser's site settings.
void navigator.permissions
  ?.query({ name: 'notifications' })
  .then((status) => {
    status.onchange = () => permission.set(Notification.permission);
  })
  // Browsers without this query keep the permission they had at the start.
  .catch(() => {});

/** Sound and notifications: the agent's choice and the browser's permission. */
export const alerts = {
  areOn,
  permission,
  chime,
  /** Requests permission for notifications. Browsers require a user gesture. */
  async askPermission(): Promise<void> {
    if (permission.get() === 'default') permission.set(await Notification.requestPermission());
  },
  async toggle(): Promise<boolean> {
    areOn.set(!areOn.get());
    if (areOn.get()) await alerts.askPermission();
    return areOn.get();
  },
};

/** How long a claim is held: other tabs may receive the same event this much later. */
const claimedForMs = 60_000;

/** Milliseconds that a tab yields to tabs with a better view of the event. */
const nearness = { looksAtIt: 0, isSeen: 200, isHidden: 400 } as const;

/** Lets only one of the agent's tabs alert, and none if a tab already shows the conversation. */
async function claim(what: string, where: keyof typeof nearness): Promise<boolean> {
  if (nearness[where] > 0) await new Promise((done) => setTimeout(done, nearness[where]));
  if (!hasBrowserLocks) return true;
  return new Promise((resolve) => {
    void navigator.locks.request(`mevrik.alerted ${what}`, { ifAvailable: true }, async (lock) => {
      resolve(lock !== null);
      if (lock) await new Promise((done) => setTimeout(done, claimedForMs));
    });
  });
}

const sight = () => (document.visibilityState === 'visible' ? 'isSeen' : 'isHidden');

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

/** Alerts the agent to a message in one of their conversations unless it is in view. */
export function alertAboutMessage(
  message: Message,
  seen: {
    readonly openId: number | undefined;
    readonly me: number;
    /** The conversation's cached row. */
    readonly row: ConversationRow | undefined;
  },
): void {
  if (message.isReply || message.agentType !== 'live' || !areOn.get()) return;
  if (seen.row?.session.assignedAgentId !== seen.me) return;
  const looksAtIt = document.visibilityState === 'visible' && message.sessionId === seen.openId;
  const what = {
    title: customerName(seen.row.customer),
    body: messagePreview(message),
    sessionId: message.sessionId,
  };
  void claim(`message ${message.id}`, looksAtIt ? 'looksAtIt' : sight()).then(
    (isOurs) => isOurs && !looksAtIt && alert(what),
  );
}

/** Alerts an online agent to a customer who entered the queue. */
export function alertAboutQueueItem({ id, sessionId, queue }: QueueItem, me: Agent): void {
  if (!areOn.get() || me.availability !== 'online') return;
  const what = { title: 'A customer is waiting', body: `In queue “${queue}”`, sessionId };
  void claim(`item ${id}`, sight()).then((isOurs) => isOurs && alert(what));
}
