import type pg from 'pg';
import { emptyBuckets } from '../../packages/server/src/domain/buckets.ts';

/** How much is stored. */
export interface Amounts {
  readonly sessions: number;
  /** Customers, each with one conversation. */
  readonly customers: number;
  /** 4 of each session. */
  readonly messages: number;
  /** 10 of each session. */
  readonly events: number;
}

/** The amounts that go with a number of sessions. */
export function amountsOf(sessions: number): Amounts {
  const customers = Math.ceil(sessions / 2 / partitions) * partitions;
  return { sessions, customers, messages: sessions * 4, events: sessions * 10 };
}

const partitions = 64;
const apps = 20;
/** The days over which everything happened, evenly. */
const days = 90;
/** Of this many sessions one is active: the last ones. A fifth of these have an open case. */
const activeOf = 200;
/** Every how many sessions one has a case. */
const caseEvery = 3;

/** The events of a session, in order. Their data has the size of a real message's. */
const types = [
  'SessionCreatedEvent',
  'NewProviderEventReceived',
  'NewMessageReceivedEvent',
  'MessageReadyEvent',
  'MessageReplyReadyEvent',
  'NewProviderEventReceived',
  'NewMessageReceivedEvent',
  'MessageReadyEvent',
  'MessageReplyReadyEvent',
  'SessionPathChangedEvent',
];

/**
 * Fills the tables as 90 days of 20 apps do: half of the customers on WhatsApp, a third of the sessions with a case,
 * and what expires earlier for as long as it is kept.
 */
export async function fill(
  client: pg.ClientBase,
  amounts: Amounts,
  report: (step: string) => void,
): Promise<void> {
  // Nothing is checked that is right by construction.
  await client.query('SET synchronous_commit = off; SET session_replication_role = replica');
  await fillApps(client);
  for (const [table, statement] of statements(amounts)) {
    report(table);
    await withoutIndexes(client, table, () => client.query(statement));
  }
  await client.query(`
    UPDATE log_partitions SET head = (SELECT coalesce(max("offset"), 0) FROM events
                                      WHERE events.partition = log_partitions.partition)`);
  await client.query(`INSERT INTO checkpoints (subscription, partition, "offset")
    SELECT name, partition, head FROM subscriptions, log_partitions
    ON CONFLICT (partition, subscription) DO UPDATE SET "offset" = excluded."offset"`);
  for (const table of withIds) {
    await client.query(
      `SELECT setval(pg_get_serial_sequence('${table}', 'id'), (SELECT max(id) FROM ${table}))`,
    );
  }
  report('vacuum and analyze');
  await client.query('VACUUM ANALYZE');
}

const withIds = [
  'customers',
  'contact_identities',
  'sessions',
  'messages',
  'cases',
  'queue_items',
  'csat_surveys',
  'deliveries',
] as const;

async function fillApps(client: pg.ClientBase): Promise<void> {
  await client.query(`
    INSERT INTO apps (id, key, secret, name)
    SELECT n, 'large-' || n, 'secret-' || n, 'App ' || n FROM generate_series(2, ${apps}) AS n;
    INSERT INTO channels (app_id, name, kind) SELECT n, 'web', 'web' FROM generate_series(2, ${apps}) AS n;
    INSERT INTO agents (email, name, password_hash, role, availability)
    SELECT 'agent' || n || '@example.com', 'Agent ' || n, '', 'agent', 'offline' FROM generate_series(1, 200) AS n;
    INSERT INTO agent_apps SELECT agents.id, apps.id FROM agents, apps WHERE agents.id % ${apps} + 1 = apps.id`);
}

/** Builds the indexes after the rows, which takes a fraction of the time; constraints stay. */
async function withoutIndexes(
  client: pg.ClientBase,
  table: string,
  insert: () => Promise<unknown>,
): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
     WHERE indrelid = $1::regclass
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)`,
    [table],
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  await insert();
  for (const { definition } of rows) await client.query(definition);
}

const channelOf = (customer: string) => `CASE ${customer} % 2 WHEN 0 THEN 'web' ELSE 'whatsapp' END`;
const keyOf = (customer: string) =>
  `(${customer} % ${apps} + 1) || '/' || ${channelOf(customer)} || ':contact-' || ${customer}`;

/** The statement that fills each table, in the order of their references. */
function statements({ sessions, customers }: Amounts): readonly (readonly [string, string])[] {
  /** When a session begins. */
  const at = (n: string) => `now() - (${sessions} - ${n}) * interval '${(days * 86_400) / sessions} seconds'`;
  const customerOf = (n: string) => `((${n} - 1) % ${customers} + 1)`;
  const appOf = (n: string) => `(${customerOf(n)} % ${apps} + 1)`;
  const key = (n: string) => keyOf(customerOf(n));
  const channel = (n: string) => channelOf(customerOf(n));
  const series = (to: number | string) => `generate_series(1, ${to}) AS n`;
  const caseOf = (n: string) => `CASE WHEN ${n} % ${caseEvery} = 0 THEN ${n} / ${caseEvery} END`;
  const cases = Math.floor(sessions / caseEvery);
  const active = Math.ceil(sessions / activeOf);
  const open = Math.ceil(active / 5);
  const sessionOf = (n: string) => `(${n} * ${caseEvery})`;
  const openCases = `n > ${cases - open}`;
  const eventId = (time: string) => `uuidv7(${time} - now())`;
  return [
    [
      'customers',
      `INSERT INTO customers (id, app_id, conversation_key, name, email, phone, created_at) OVERRIDING SYSTEM VALUE
       SELECT n, n % ${apps} + 1, ${keyOf('n')},
              (ARRAY['Vera', 'Rafi', 'Sofia', 'Jonas', 'Amina', 'Chen'])[n % 6 + 1] || ' ' || n,
              CASE WHEN n % 3 = 0 THEN 'customer' || n || '@example.com' END,
              CASE WHEN n % 2 = 1 THEN '+88017' || n END, ${at('n')}
       FROM ${series(customers)}`,
    ],
    [
      'contact_identities',
      `INSERT INTO contact_identities (id, app_id, customer_id, channel, contact_id, conversation_key) OVERRIDING SYSTEM VALUE
       SELECT n, n % ${apps} + 1, n, ${channelOf('n')}, 'contact-' || n, ${keyOf('n')} FROM ${series(customers)}`,
    ],
    [
      'sessions',
      `INSERT INTO sessions (id, app_id, customer_id, contact_identity_id, conversation_key, channel, status, agent_type,
                             path, open_case_id, expires_at, last_activity_at, created_at) OVERRIDING SYSTEM VALUE
       SELECT n, ${appOf('n')}, ${customerOf('n')}, ${customerOf('n')}, ${key('n')}, ${channel('n')},
              CASE WHEN n > ${sessions - active} THEN 'active' ELSE 'expired' END,
              CASE WHEN n % ${caseEvery} = 0 THEN 'live' ELSE 'bot' END,
              CASE WHEN n % ${caseEvery} = 0 THEN 'live/support' ELSE 'bot' END,
              CASE WHEN n % ${caseEvery} = 0 AND n / ${caseEvery} > ${cases - open} THEN n / ${caseEvery} END,
              ${at('n')} + interval '1 day', ${at('n')}, ${at('n')}
       FROM ${series(sessions)}`,
    ],
    [
      'messages',
      `INSERT INTO messages (id, app_id, session_id, customer_id, case_id, conversation_key, channel, kind, is_reply,
                             agent_type, sender_type, content, delivery_status, read_at, external_id, created_at)
       OVERRIDING SYSTEM VALUE
       SELECT (n - 1) * 4 + part, ${appOf('n')}, n, ${customerOf('n')}, ${caseOf('n')}, ${key('n')}, ${channel('n')},
              'text', part % 2 = 0, CASE WHEN n % ${caseEvery} = 0 THEN 'live' ELSE 'bot' END,
              CASE part % 2 WHEN 0 THEN 'bot' ELSE 'customer' END,
              jsonb_build_object('text', 'Where is my parcel number ' || n || '-' || part || '? ' || repeat('It is late. ', 1 + n % 12)),
              CASE part % 2 WHEN 0 THEN 'delivered' ELSE 'received' END, ${at('n')},
              CASE WHEN part % 2 = 1 AND ${customerOf('n')} % 2 = 1 THEN 'wamid.' || n || '.' || part END, ${at('n')}
       FROM ${series(sessions)}, generate_series(1, 4) AS part`,
    ],
    [
      'cases',
      `INSERT INTO cases (id, app_id, session_id, customer_id, conversation_key, status, disposition, closed_by, closed_at,
                          first_reply_at, first_reply_due_at, last_activity_at, created_at) OVERRIDING SYSTEM VALUE
       SELECT n, ${appOf(sessionOf('n'))}, ${sessionOf('n')}, ${customerOf(sessionOf('n'))}, ${key(sessionOf('n'))},
              CASE WHEN ${openCases} THEN 'open' ELSE 'closed' END,
              CASE WHEN ${openCases} THEN NULL ELSE 'Resolved' END, CASE WHEN ${openCases} THEN NULL ELSE 'agent' END,
              CASE WHEN ${openCases} THEN NULL ELSE ${at(sessionOf('n'))} + interval '20 minutes' END,
              CASE WHEN ${openCases} AND n % 2 = 0 THEN NULL ELSE ${at(sessionOf('n'))} + interval '3 minutes' END,
              ${at(sessionOf('n'))} + interval '10 minutes', ${at(sessionOf('n'))}, ${at(sessionOf('n'))}
       FROM ${series(cases)}`,
    ],
    [
      'queue_items',
      `INSERT INTO queue_items (id, app_id, session_id, customer_id, case_id, conversation_key, queue, status, reason,
                                assigned_agent_id, assigned_at, finished_at, created_at) OVERRIDING SYSTEM VALUE
       SELECT n, ${appOf(sessionOf('n'))}, ${sessionOf('n')}, ${customerOf(sessionOf('n'))}, n, ${key(sessionOf('n'))},
              (ARRAY['support', 'sales', 'billing'])[n % 3 + 1],
              CASE WHEN ${openCases} THEN 'waiting' ELSE 'done' END, 'handover',
              CASE WHEN ${openCases} THEN NULL ELSE n % 200 + 1 END,
              CASE WHEN ${openCases} THEN NULL ELSE ${at(sessionOf('n'))} + interval '2 minutes' END,
              CASE WHEN ${openCases} THEN NULL ELSE ${at(sessionOf('n'))} + interval '20 minutes' END, ${at(sessionOf('n'))}
       FROM ${series(cases)}`,
    ],
    [
      'csat_surveys',
      `INSERT INTO csat_surveys (id, app_id, case_id, session_id, customer_id, conversation_key, status, answered_at,
                                 answer, expires_at, created_at) OVERRIDING SYSTEM VALUE
       SELECT n, ${appOf(sessionOf('n'))}, n, ${sessionOf('n')}, ${customerOf(sessionOf('n'))}, ${key(sessionOf('n'))},
              CASE n % 3 WHEN 0 THEN 'answered' ELSE 'expired' END,
              CASE n % 3 WHEN 0 THEN ${at(sessionOf('n'))} + interval '30 minutes' END,
              CASE n % 3 WHEN 0 THEN '{"score": 5}'::jsonb END, ${at(sessionOf('n'))}, ${at(sessionOf('n'))}
       FROM ${series(cases - open)}`,
    ],
    [
      'deliveries',
      // The last 30 days of WhatsApp's replies.
      `INSERT INTO deliveries (app_id, message_id, session_id, customer_id, channel, contact_id, conversation_key, status,
                               external_ids, attempts, event_id, created_at, queued_at, sent_at, finished_at)
       SELECT app_id, id, session_id, customer_id, channel, 'contact-' || customer_id, conversation_key, 'delivered',
              jsonb_build_array('wamid.reply.' || id), 1, gen_random_uuid()::text, created_at, created_at,
              created_at + interval '1 second', created_at + interval '1 second'
       FROM messages WHERE is_reply AND channel = 'whatsapp' AND created_at > now() - interval '30 days' ORDER BY id`,
    ],
    [
      'delivery_attempts',
      `INSERT INTO delivery_attempts (delivery_id, part, is_repeatable, outcome, external_id, started_at, finished_at)
       SELECT id, 0, false, 'sent', 'wamid.reply.' || message_id, created_at, finished_at FROM deliveries ORDER BY id`,
    ],
    [
      'webhook_event_logs',
      // Three of each delivered reply's minute: the message and two receipts.
      `INSERT INTO webhook_event_logs (app_id, channel, provider, deduplication_key, conversation_key, payload, status, received_at)
       SELECT app_id, channel, 'whatsapp', id || '-' || part, conversation_key,
              jsonb_build_object('id', id, 'text', repeat('some more of it ', 10)), 'handled', created_at
       FROM deliveries, generate_series(1, 3) AS part ORDER BY id`,
    ],
    [
      'inbound_emails',
      `INSERT INTO inbound_emails (app_id, channel, source, deduplication_key, sender, recipient, message_id, raw,
                                   size_bytes, status, conversation_key, received_at)
       SELECT n % ${apps} + 1, 'email', 'smtp', '<' || n || '@example.com>', 'sender' || n % 5000 || '@example.com',
              'help@example.com', '<' || n || '@example.com>', convert_to(repeat('line ', 400), 'UTF8'), 2000,
              CASE n % 50 WHEN 0 THEN 'ignored' ELSE 'handled' END, (n % ${apps} + 1) || '/email:sender' || n % 5000,
              now() - (100000 - n) * interval '1 minute'
       FROM ${series(100_000)}`,
    ],
    [
      'events',
      `INSERT INTO events (partition, "offset", id, type, version, key, app_id, session_id, occurred_at, correlation_id, data)
       SELECT n % ${partitions}, (n - 1) / ${partitions} * ${types.length} + part, ${eventId(`${at('n')} + part * interval '1 millisecond'`)},
              (ARRAY[${types.map((type) => `'${type}'`).join(', ')}])[part], 1, ${key('n')}, ${appOf('n')}, n,
              ${at('n')} + part * interval '1 millisecond', overlay(overlay(md5(n || '-' || part / 3) placing '4' from 13) placing 'a' from 17)::uuid,
              jsonb_build_object('message', jsonb_build_object('id', n, 'sessionId', n, 'kind', 'text', 'text',
                'Where is my parcel number ' || n || '-' || part || '? ' || repeat('It is late. ', 1 + n % 40)))
       FROM ${series(sessions)}, generate_series(1, ${types.length}) AS part`,
    ],
    [
      'handled_batches',
      // Seven days of three listeners: a batch of each event of a customer's message.
      `INSERT INTO handled_batches (partition, subscription, last_offset, node, started_at, finished_at, offsets, durations_us)
       SELECT partition, listener, "offset", md5('node')::uuid, occurred_at, occurred_at + interval '5 milliseconds',
              ARRAY["offset"], ARRAY[900]
       FROM events, unnest(ARRAY['HandleMessageReadyEvent', 'StoreReceivedMessage', 'broadcast']) AS listener
       WHERE type = 'MessageReadyEvent' AND occurred_at > now() - interval '7 days'`,
    ],
    [
      'audit_entries',
      `INSERT INTO audit_entries (app_id, actor, action, target, detail, at)
       SELECT n % ${apps} + 1, 'agent ' || n % 200 + 1,
              (ARRAY['case.close', 'session.transfer', 'message.reply', 'subscription.reject'])[n % 4 + 1], 'session ' || n,
              '{"note": "as agreed"}', now() - (1000000 - n) * interval '30 seconds'
       FROM ${series(1_000_000)}`,
    ],
    [
      'discarded_events',
      `INSERT INTO discarded_events (event_id, subscription, actor, attempts, failures)
       SELECT id, 'DeliverReply', 'agent 1', 5, '[]' FROM events
       WHERE type = 'MessageReplyReadyEvent' AND session_id % 500 = 0`,
    ],
    [
      'parked_events',
      `INSERT INTO parked_events (subscription, partition, "offset", event_id, type, key, app_id, status, attempts, last_error)
       SELECT 'DeliverReply', partition, "offset", id, type, key, app_id, 'dead', 5, 'the provider said no' FROM events
       WHERE type = 'MessageReplyReadyEvent' AND session_id > ${sessions - Math.ceil(active / 10)}`,
    ],
    [
      'statistics',
      `INSERT INTO statistics (step, at, name, label, count, sum, buckets)
       SELECT step, at, name, label, 100, 1000,
              CASE name WHEN 'event' THEN '{}' ELSE array_fill(10, ARRAY[${emptyBuckets().length}]) END
       FROM (SELECT 'minute' AS step, generate_series(date_trunc('minute', now()) - interval '26 hours', now(), '1 minute') AS at
             UNION ALL SELECT 'hour', generate_series(date_trunc('hour', now()) - interval '35 days', now(), '1 hour')) AS times,
            (VALUES ('event', 'MessageReadyEvent'), ('event', 'MessageReplyReadyEvent'), ('age', ''), ('broadcast', '')) AS names (name, label)`,
    ],
  ];
}
