import type { Sql, Statement } from './sql.ts';

/** The rank of a priority in the order in which work is done: 1 is urgent. @param priority a column. */
export const priorityRank = (sql: Sql, priority: Statement): Statement =>
  sql`array_position(ARRAY['urgent', 'high', 'normal', 'low'], ${priority})`;
