import type { Sql } from '../../packages/server/src/db/sql.ts';

/** How the built-in bot's answer to `opening hours` begins. */
export const openingHours = 'Our team is available Monday';

/**
 * Has the database run a statement before it stores the bot's answer to `opening hours`: so a listener fails, hangs
 * or waits for real.
 *
 * @returns what undoes it.
 */
export async function beforeBotReplies(sql: Sql, statement: string): Promise<() => Promise<void>> {
  await sql.unsafe(`
    CREATE FUNCTION before_reply() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.sender_type = 'bot' AND NEW.content->>'text' LIKE '${openingHours}%' THEN ${statement}; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER before_reply BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION before_reply()`);
  return async () => {
    await sql.unsafe('DROP TRIGGER before_reply ON messages; DROP FUNCTION before_reply()');
  };
}
