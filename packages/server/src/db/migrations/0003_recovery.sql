CREATE TABLE "log_epoch" (
	"epoch" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "socket_id" text;
--> statement-breakpoint
INSERT INTO log_epoch DEFAULT VALUES;
--> statement-breakpoint
-- As before, with the connection that is not told of an event.
CREATE OR REPLACE FUNCTION append_events(batch jsonb) RETURNS TABLE (ordinal integer, event_offset bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  only_event jsonb;
  first_partition integer := (batch -> 0 ->> 'partition')::integer;
  place bigint;
BEGIN
  IF jsonb_array_length(batch) = 1 THEN
    only_event := batch -> 0;
    UPDATE log_partitions SET head = head + 1 WHERE partition = first_partition RETURNING head INTO place;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'partition % is not in log_partitions', first_partition;
    END IF;
    INSERT INTO events (partition, "offset", id, type, version, key, app_id, session_id, occurred_at,
                        correlation_id, causation_id, traceparent, socket_id, data)
    VALUES (first_partition, place, (only_event ->> 'id')::uuid, only_event ->> 'type',
            (only_event ->> 'version')::integer, only_event ->> 'key', (only_event ->> 'appId')::integer,
            (only_event ->> 'sessionId')::bigint, (only_event ->> 'occurredAt')::timestamptz,
            (only_event ->> 'correlationId')::uuid, (only_event ->> 'causationId')::uuid,
            only_event ->> 'traceparent', only_event ->> 'socketId', only_event -> 'data');
    ordinal := 1;
    event_offset := place;
    RETURN NEXT;
    RETURN;
  END IF;

  -- Always in ascending order: two appends that touch the same partitions can't wait for each other.
  PERFORM 1 FROM log_partitions
  WHERE partition IN (SELECT (event ->> 'partition')::integer FROM jsonb_array_elements(batch) AS event)
  ORDER BY partition FOR UPDATE;

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
                        correlation_id, causation_id, traceparent, socket_id, data)
    SELECT placed.partition, moved.base + placed.place, (event ->> 'id')::uuid, event ->> 'type',
           (event ->> 'version')::integer, event ->> 'key', (event ->> 'appId')::integer,
           (event ->> 'sessionId')::bigint, (event ->> 'occurredAt')::timestamptz,
           (event ->> 'correlationId')::uuid, (event ->> 'causationId')::uuid, event ->> 'traceparent',
           event ->> 'socketId', event -> 'data'
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
