import type { TestProduct } from './product.ts';

/** The listener that fails: it marks a message as read before the bot replies. */
export const sickListener = 'HandleMessageReadyEvent';

/**
 * Makes that listener fail on messages that begin with `poison`: the database rejects what it writes.
 * @returns functions that fix and break it.
 */
export async function sicken({ database: { sql } }: Pick<TestProduct, 'database'>) {
  await sql.unsafe(`
    CREATE TABLE illness AS SELECT true AS lasts;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.content ->> 'text' LIKE 'poison%' AND EXISTS (SELECT FROM illness WHERE lasts) THEN
        RAISE EXCEPTION 'poisoned';
      END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE UPDATE OF read_at ON messages FOR EACH ROW EXECUTE FUNCTION refuse()`);
  return {
    heal: () => sql`UPDATE illness SET lasts = false`,
    relapse: () => sql`UPDATE illness SET lasts = true`,
  };
}
