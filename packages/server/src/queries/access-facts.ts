import type { Sql } from '../db/sql.ts';

/** The app and the customer that a session or a case belongs to. */
export interface RecordOwner {
  readonly appId: number;
  readonly customerId: number;
  /** Customers merged into this one: a visitor's token can still name one of them. */
  readonly formerIds: readonly number[];
}

/** The look-ups of the gateway's access rules. */
export function createAccessFacts(sql: Sql) {
  return {
    async sessionOwner(id: number): Promise<RecordOwner | undefined> {
      const [row] = await sql<RecordOwner[]>`
        SELECT app_id AS "appId", customer_id AS "customerId", ${formerIds(sql)} FROM sessions WHERE id = ${id}`;
      return row;
    },
    async caseOwner(id: number): Promise<RecordOwner | undefined> {
      const [row] = await sql<RecordOwner[]>`
        SELECT app_id AS "appId", customer_id AS "customerId", ${formerIds(sql)} FROM cases WHERE id = ${id}`;
      return row;
    },
  };
}

function formerIds(sql: Sql) {
  return sql`ARRAY(SELECT id FROM customers WHERE merged_into = customer_id) AS "formerIds"`;
}
