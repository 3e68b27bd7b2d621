import type { TestProduct } from './product.ts';

/** The listener that falls ill: it marks a message as read before the bot answers it. */
export const sickListener = 'HandleMessageReadyEvent';

/**
 * Makes that listener fail at messages that begin with `poison`: the database refuses what it writes.
 * @returns how to make it well and ill again.
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
