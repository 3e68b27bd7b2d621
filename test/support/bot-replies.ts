import type { Sql } from '../../packages/server/src/db/sql.ts';

/** The beginning of the built-in bot's reply to `opening hours`. */
export const openingHours = 'Our team is available Monday';

/**
 * Makes the database run a statement before it stores the bot's reply to `opening hours`, so that a listener
 * really fails, hangs or waits. @returns a function that undoes it.
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
