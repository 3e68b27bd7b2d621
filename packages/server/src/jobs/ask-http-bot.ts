import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import type { AppProfile, BotProfile } from '../apps/app-directory.ts';
import { requestAgent } from '../commands/request-agent.ts';
import { sendReply } from '../commands/send-reply.ts';
import { throughOutage } from '../db/through-outage.ts';
import { type HttpBotResponse, httpBotResponseSchema } from '../domain/bot/index.ts';
import { causeFromEvent } from '../log/cause-from-event.ts';
import type { Tx } from '../log/transaction.ts';
import { addAttributes } from '../state/customers.ts';
import { lockSession } from '../state/sessions.ts';
import { type JobDeps, job, timer } from './job.ts';

type HttpBot = Extract<BotProfile, { kind: 'http' }>;

interface BotTurnRow {
  readonly id: number;
  readonly app_id: number;
  readonly event_id: string;
  readonly request: Record<string, unknown>;
}

/** Longer responses are a failure; ten replies of a bot are far smaller. */
const maxResponseBytes = 256 * 1024;

/** How much longer than the bot may take a turn is leased: its answer has to be stored as well. */
const leaseMarginMs = 2_000;

/** Sends a session's turns to the app's HTTP bot, one after another, and stores its responses. */
export const askHttpBot = job({
  task: 'ask-http-bot',
  summary: 'Sends the turns of a session to the app’s HTTP bot, one after another.',
  payload: z.object({ sessionId: z.int() }),
  async run({ sessionId }, deps) {
    for (;;) {
      const next = await nextTurn(deps, sessionId);
      if (!next) return;
      // Another process waits for the bot. If it dies, this one goes on in its stead.
      if (next.leased_until !== null) return askLater(deps, sessionId, next.app_id, next.leased_until);
      const app = await deps.apps.byId(next.app_id);
      const bot = app?.bot.kind === 'http' ? app.bot : undefined;
      const turn = await claimTurn(deps, next.id, (bot?.timeoutMs ?? 0) + leaseMarginMs);
      if (!turn) continue;
      const answer = bot ? await ask(bot, turn, deps) : null;
      await throughOutage(async () => {
        // The replies are raised as consequences of the message.
        const cause = await causeFromEvent(deps.database.sql, turn.event_id);
        await deps.unitOfWork.run((tx) => storeResponse(tx, { app, sessionId, turn, answer }), cause);
      }, deps.stopping);
    }
  },
});

/** Resumes turns whose node crashed while it waited for the bot. */
export const resumeBotTurns = timer({
  task: 'resume-bot-turns',
  summary: 'Resumes bot turns whose node crashed while it waited for the bot.',
  cron: '* * * * *',
  async run({ database, unitOfWork }) {
    const stuck = await database.sql<{ session_id: number; app_id: number }[]>`
      SELECT DISTINCT session_id, app_id FROM bot_turns
      WHERE status = 'waiting' AND coalesce(lease_until, created_at + interval '1 minute') < now()
        -- A job that was resumed before still waits for a slot.
        AND NOT EXISTS (SELECT FROM graphile_worker._private_jobs
                        WHERE key = ${keyPrefix} || session_id AND is_available)
      LIMIT 1000`;
    await unitOfWork.run(async (tx) => {
      for (const { session_id: sessionId, app_id: appId } of stuck)
        await tx.addJob('ask-http-bot', { sessionId }, { appId, key: keyPrefix + sessionId });
    });
  },
});

/**
 * Before the session in the key of a resumed job: one of each session waits. While it runs, the next one is another job.
 * New messages enqueue jobs without a key: with it, each would move the session to the end of the queue.
 */
const keyPrefix = 'ask-http-bot ';

interface NextTurn {
  readonly id: number;
  readonly app_id: number;
  /** Until when a process waits for the bot. */
  readonly leased_until: string | null;
}

/** The session's oldest turn without a response. */
async function nextTurn({ database }: JobDeps, sessionId: number): Promise<NextTurn | undefined> {
  const [next] = await database.sql<NextTurn[]>`
    SELECT id, app_id, CASE WHEN lease_until > now() THEN lease_until END AS leased_until
    FROM bot_turns WHERE session_id = ${sessionId} AND status = 'waiting' ORDER BY id LIMIT 1`;
  return next;
}

function askLater(deps: JobDeps, sessionId: number, appId: number, at: string): Promise<void> {
  const options = { appId, key: keyPrefix + sessionId, runAt: new Date(at) };
  return deps.unitOfWork.run((tx) => tx.addJob('ask-http-bot', { sessionId }, options));
}

/** Leases a turn, unless another process has leased it. */
async function claimTurn({ database }: JobDeps, id: number, ms: number): Promise<BotTurnRow | undefined> {
  const [turn] = await database.sql<BotTurnRow[]>`
    UPDATE bot_turns SET lease_until = now() + ${ms} * interval '1 millisecond'
    WHERE id = ${id} AND status = 'waiting' AND (lease_until IS NULL OR lease_until < now())
    RETURNING id, app_id, event_id, request`;
  return turn;
}

/** Calls the bot, unless it keeps failing; `null` on any failure, which hands the conversation over to an agent. */
async function ask(bot: HttpBot, turn: BotTurnRow, { bots, log }: JobDeps): Promise<HttpBotResponse | null> {
  // By app, too: one that enters the address of another app's bot must not stop the calls of that one.
  const name = `${turn.app_id} ${bot.url}`;
  if (!bots.mayCall(name)) return null;
  try {
    const response = await call(bot, turn);
    bots.succeeded(name);
    return response;
  } catch (error) {
    const isStopped = bots.failed(name);
    const what = isStopped
      ? 'an HTTP bot keeps failing; its conversations go to agents'
      : 'HTTP bot call failed';
    log.warn({ appId: turn.app_id, eventId: turn.event_id, err: error }, what);
    return null;
  }
}

async function call(bot: HttpBot, turn: BotTurnRow): Promise<HttpBotResponse> {
  const body = JSON.stringify(turn.request);
  const now = new Date();
  const response = await fetch(bot.url, {
    method: 'POST',
    redirect: 'error',
    signal: AbortSignal.timeout(bot.timeoutMs),
    headers: {
      'content-type': 'application/json',
      'webhook-id': turn.event_id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(bot.secret).sign(turn.event_id, now, body),
    },
    body,
  });
  if (!response.ok) throw new Error(`The bot responded with status ${response.status}.`);
  return httpBotResponseSchema.parse(JSON.parse(await readBounded(response)));
}

async function readBounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > maxResponseBytes)
      throw new Error(`The bot’s response is larger than ${maxResponseBytes} bytes.`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

async function storeResponse(
  tx: Tx,
  given: {
    readonly app: AppProfile | undefined;
    readonly sessionId: number;
    readonly turn: BotTurnRow;
    readonly answer: HttpBotResponse | null;
  },
): Promise<void> {
  const { app, sessionId, turn, answer } = given;
  const session = await lockSession(tx, sessionId);
  const [open] = await tx.sql`
    UPDATE bot_turns SET status = ${answer ? 'answered' : 'failed'}
    WHERE id = ${turn.id} AND status = 'waiting' RETURNING id`;
  // Too late: another node answered after our lease expired, or an agent has taken over.
  if (!open || !app || session.status !== 'active' || session.agentType === 'live') return;
  for (const content of answer?.replies ?? [])
    await sendReply(tx, { session, sender: { type: 'bot' }, content });
  if (answer?.attributes) await addAttributes(tx, session.customerId, answer.attributes);
  const handover = answer ? answer.handover : { reason: 'The bot did not respond.' };
  if (!handover) return;
  const { reason, ...options } = handover === true ? { reason: undefined } : handover;
  await requestAgent(tx, { app, session, reason: 'handover', subject: reason, ...options });
}
