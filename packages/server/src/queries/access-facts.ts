import type { Sql } from '../db/sql.ts';

/** Whom a session or a case belongs to. */
export interface RecordOwner {
  readonly appId: number;
  readonly customerId: number;
  /** Who was merged into that customer: visitors may still be known by such a number. */
  readonly formerIds: readonly number[];
}

/** What the access rules of the gateway look up. */
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
