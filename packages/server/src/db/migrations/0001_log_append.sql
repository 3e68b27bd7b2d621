-- The log's partitions. Their number is part of the data: an event's partition is hash(key) mod it.
INSERT INTO log_partitions (partition) SELECT generate_series(0, 63);
--> statement-breakpoint
-- Small hot tables: room on the page for in-place updates, and vacuum before they grow.
ALTER TABLE log_partitions SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE checkpoints SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE nodes SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
--> statement-breakpoint
ALTER TABLE sessions SET (fillfactor = 80);
--> statement-breakpoint
-- Appends events at the end of a transaction and tells their offsets, in the order of the batch.
-- The heads' row locks are held until the commit, so that the offsets of a partition become visible in order
-- and without gaps: a reader needs nothing but "offset > checkpoint".
CREATE FUNCTION append_events(batch jsonb) RETURNS TABLE (ordinal integer, event_offset bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  first_partition integer := (batch -> 0 ->> 'partition')::integer;
  single boolean := jsonb_array_length(batch) = 1;
BEGIN
  -- Always in ascending order: two appends that touch the same partitions can't wait for each other.
  IF NOT single THEN
    PERFORM 1 FROM log_partitions
    WHERE partition IN (SELECT (event ->> 'partition')::integer FROM jsonb_array_elements(batch) AS event)
    ORDER BY partition FOR UPDATE;
  END IF;

  RETURN QUERY
  WITH incoming AS (
    SELECT position::integer AS ordinal, event, (event ->> 'partition')::integer AS partition
    FROM jsonb_array_elements(batch) WITH ORDINALITY AS element (event, position)
  ), placed AS (
    SELECT *, row_number() OVER (PARTITION BY partition ORDER BY ordinal) AS place FROM incoming
  ), counted AS (
    SELECT partition, count(*) AS added FROM incoming GROUP BY partition
  ), moved AS (
    UPDATE log_partitions SET head = head + counted.added
    FROM counted WHERE log_partitions.partition = counted.partition
    RETURNING log_partitions.partition, log_partitions.head - counted.added AS base
  ), stored AS (
    INSERT INTO events (partition, "offset", id, type, version, key, app_id, session_id, occurred_at,
                        correlation_id, causation_id, traceparent, data)
    SELECT placed.partition, moved.base + placed.place, (event ->> 'id')::uuid, event ->> 'type',
           (event ->> 'version')::integer, event ->> 'key', (event ->> 'appId')::integer,
           (event ->> 'sessionId')::bigint, (event ->> 'occurredAt')::timestamptz,
           (event ->> 'correlationId')::uuid, (event ->> 'causationId')::uuid, event ->> 'traceparent',
           event -> 'data'
    FROM placed JOIN moved ON moved.partition = placed.partition
  )
  SELECT placed.ordinal, moved.base + placed.place
  FROM placed JOIN moved ON moved.partition = placed.partition
  ORDER BY placed.ordinal;

  IF NOT FOUND THEN
    RAISE EXCEPTION 'partition % is not in log_partitions', first_partition;
  END IF;
END
$$;
