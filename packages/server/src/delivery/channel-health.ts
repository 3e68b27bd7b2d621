import { writeAudit } from '../audit/audit.ts';
import type { ChannelRef } from '../channels/channel.ts';
import type { Sql } from '../db/sql.ts';
import { appFlag, type Tx } from '../log/transaction.ts';

/** The number of consecutive suspected channel failures after which a channel counts as down. */
const failuresUntilDown = 5;
/** Milliseconds until a channel that is down is first probed; doubled with each failed probe. */
const firstProbeMs = 5_000;
const longestProbeMs = 5 * 60_000;

/** Records a failure that the channel may have caused. @returns whether the channel is now down because of it. */
export async function recordSuspectedFailure(tx: Tx, ref: ChannelRef, reason: string): Promise<boolean> {
  const [row] = await tx.sql<{ failures: number; is_down: boolean }[]>`
    INSERT INTO channel_health (app_id, channel, failures) VALUES (${ref.appId}, ${ref.channel}, 1)
    ON CONFLICT (app_id, channel) DO UPDATE SET failures = channel_health.failures + 1
    RETURNING failures, is_down`;
  if (!row || row.is_down || row.failures < failuresUntilDown) return false;
  return markDown(tx, ref, `${row.failures} attempts in a row failed. ${reason}`);
}

/** Marks a channel as down: it sends nothing until a probe succeeds. @returns whether it was up before. */
export async function markDown(tx: Tx, { appId, channel }: ChannelRef, reason: string): Promise<boolean> {
  const [row] = await tx.sql`
    INSERT INTO channel_health AS health (app_id, channel, is_down, reason, since, probes, probe_at)
    VALUES (${appId}, ${channel}, true, ${reason}, now(), 0, now() + ${firstProbeMs} * interval '1 ms')
    ON CONFLICT (app_id, channel) DO UPDATE SET is_down = true, reason = excluded.reason, since = now(), probes = 0,
      probe_at = excluded.probe_at
    WHERE NOT health.is_down
    RETURNING probe_at`;
  if (!row) return false;
  await writeAudit(tx.sql, {
    appId,
    actor: 'delivery',
    action: 'channel.down',
    target: channel,
    detail: { reason },
  });
  await scheduleProbe(tx, { appId, channel }, row.probe_at);
  return true;
}

/** Records a failed probe and schedules the next one. */
export async function recordFailedProbe(tx: Tx, ref: ChannelRef, reason: string): Promise<void> {
  const [row] = await tx.sql<{ probe_at: string }[]>`
    UPDATE channel_health SET probes = probes + 1, reason = ${reason},
      probe_at = now() + least(${longestProbeMs}, ${firstProbeMs} * 2 ^ least(probes + 1, 20)) * interval '1 ms'
    WHERE app_id = ${ref.appId} AND channel = ${ref.channel} AND is_down
    RETURNING probe_at`;
  if (row) await scheduleProbe(tx, ref, row.probe_at);
}

/** Schedules a probe of a channel that is down: at an instant, or at once. */
export async function scheduleProbe(tx: Tx, { appId, channel }: ChannelRef, at?: string): Promise<void> {
  await tx.addJob(
    'probe-channel',
    { appId, channel },
    { key: `probe ${appId}/${channel}`, appId, ...(at === undefined ? {} : { runAt: new Date(at) }) },
  );
}

/** Marks a channel as up and wakes the conversations that wait for it. @returns whether it was down before. */
export async function markUp(tx: Tx, { appId, channel }: ChannelRef): Promise<boolean> {
  const [was] = await tx.sql`
    UPDATE channel_health SET is_down = false, reason = NULL, since = now(), failures = 0, probes = 0, probe_at = NULL
    WHERE app_id = ${appId} AND channel = ${channel} AND is_down RETURNING app_id`;
  if (!was) return false;
  await writeAudit(tx.sql, { appId, actor: 'delivery', action: 'channel.up', target: channel });
  await tx.sql`
    SELECT graphile_worker.add_job('deliver', json_build_object('conversationKey', conversation_key),
                                   job_key => 'deliver ' || conversation_key, flags => ARRAY[${appFlag(appId)}::text])
    FROM (SELECT DISTINCT conversation_key FROM deliveries
          WHERE app_id = ${appId} AND channel = ${channel} AND status IN ('queued', 'sending')) AS waiting`;
  return true;
}

/** Pauses a channel for `pauseMs` milliseconds, as the provider asked. */
export async function pauseChannel(tx: Tx, { appId, channel }: ChannelRef, pauseMs: number): Promise<void> {
  await tx.sql`
    INSERT INTO channel_health AS health (app_id, channel, paused_until)
    VALUES (${appId}, ${channel}, now() + ${pauseMs} * interval '1 ms')
    ON CONFLICT (app_id, channel) DO UPDATE
      SET paused_until = greatest(health.paused_until, excluded.paused_until)`;
}

/** Resets the count of consecutive failures after a success. */
export async function recordSuccess(tx: Tx, ref: ChannelRef): Promise<void> {
  await tx.sql`
    UPDATE channel_health SET failures = 0
    WHERE app_id = ${ref.appId} AND channel = ${ref.channel} AND failures > 0 AND NOT is_down`;
}

/** Whether a channel is down, and until when it is paused; `null`: not paused. */
export async function readHealth(
  sql: Sql,
  { appId, channel }: ChannelRef,
): Promise<{ isDown: boolean; pausedUntil: string | null }> {
  const [row] = await sql<{ is_down: boolean; paused_until: string | null }[]>`
    SELECT is_down, CASE WHEN paused_until > now() THEN paused_until END AS paused_until
    FROM channel_health WHERE app_id = ${appId} AND channel = ${channel}`;
  return { isDown: row?.is_down ?? false, pausedUntil: row?.paused_until ?? null };
}
