-- Appends events at the end of a transaction and returns their offsets, in the order of the batch.
-- The row locks on the heads are held until the commit, so that the offsets of a partition become visible in order
-- and without gaps: a reader needs nothing but "offset > checkpoint".
CREATE FUNCTION append_events(batch jsonb) RETURNS TABLE (ordinal integer, event_offset bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  only_event jsonb;
  first_partition integer := (batch -> 0 ->> 'partition')::integer;
  new_offset bigint;
BEGIN
  -- Most transactions raise one event: two plain statements cost less than the general ones below.
  IF jsonb_array_length(batch) = 1 THEN
    only_event := batch -> 0;
    UPDATE log_partitions SET head = head + 1 WHERE partition = first_partition RETURNING head INTO new_offset;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'partition % is not in log_partitions', first_partition;
    END IF;
    INSERT INTO events (partition, "offset", id, type, version, key, app_id, session_id, occurred_at,
                        correlation_id, causation_id, traceparent, socket_id, data)
    VALUES (first_partition, new_offset, (only_event ->> 'id')::uuid, only_event ->> 'type',
            (only_event ->> 'version')::integer, only_event ->> 'key', (only_event ->> 'appId')::integer,
            (only_event ->> 'sessionId')::bigint, (only_event ->> 'occurredAt')::timestamptz,
            (only_event ->> 'correlationId')::uuid, (only_event ->> 'causationId')::uuid,
            only_event ->> 'traceparent', only_event ->> 'socketId', only_event -> 'data');
    ordinal := 1;
    event_offset := new_offset;
    RETURN NEXT;
    RETURN;
  END IF;

  -- Always in ascending order, so that two appends to the same partitions cannot deadlock.
  PERFORM 1 FROM log_partitions
  WHERE partition IN (SELECT (event ->> 'partition')::integer FROM jsonb_array_elements(batch) AS event)
  ORDER BY partition FOR UPDATE;

  RETURN QUERY
  WITH incoming AS (
    SELECT element.ordinal::integer AS ordinal, event, (event ->> 'partition')::integer AS partition
    FROM jsonb_array_elements(batch) WITH ORDINALITY AS element (event, ordinal)
  ), numbered AS (
    SELECT *, row_number() OVER (PARTITION BY partition ORDER BY ordinal) AS number FROM incoming
  ), counted AS (
    SELECT partition, count(*) AS added FROM incoming GROUP BY partition
  ), advanced AS (
    UPDATE log_partitions SET head = head + counted.added
    FROM counted WHERE log_partitions.partition = counted.partition
    RETURNING log_partitions.partition, log_partitions.head - counted.added AS old_head
  ), stored AS (
    INSERT INTO events (partition, "offset", id, type, version, key, app_id, session_id, occurred_at,
                        correlation_id, causation_id, traceparent, socket_id, data)
    SELECT numbered.partition, advanced.old_head + numbered.number, (event ->> 'id')::uuid, event ->> 'type',
           (event ->> 'version')::integer, event ->> 'key', (event ->> 'appId')::integer,
           (event ->> 'sessionId')::bigint, (event ->> 'occurredAt')::timestamptz,
           (event ->> 'correlationId')::uuid, (event ->> 'causationId')::uuid, event ->> 'traceparent',
           event ->> 'socketId', event -> 'data'
    FROM numbered JOIN advanced ON advanced.partition = numbered.partition
  )
  SELECT numbered.ordinal, advanced.old_head + numbered.number
  FROM numbered JOIN advanced ON advanced.partition = numbered.partition
  ORDER BY numbered.ordinal;

  IF NOT FOUND THEN
    RAISE EXCEPTION 'partition % is not in log_partitions', first_partition;
  END IF;
END
$$;
