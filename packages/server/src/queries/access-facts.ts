import type { Sql } from '../db/sql.ts';

/** Whom a session or a case belongs to. */
export interface Owner {
  readonly appId: number;
  readonly customerId: number;
}

/** What the access rules of the gateway look up. Owners never change. */
export function createAccessFacts(sql: Sql) {
  return {
    async sessionOwner(id: number): Promise<Owner | undefined> {
      const [row] = await sql<Owner[]>`
        SELECT app_id AS "appId", customer_id AS "customerId" FROM sessions WHERE id = ${id}`;
      return row;
    },
    async caseOwner(id: number): Promise<Owner | undefined> {
      const [row] = await sql<Owner[]>`
        SELECT app_id AS "appId", customer_id AS "customerId" FROM cases WHERE id = ${id}`;
      return row;
    },
  };
}
