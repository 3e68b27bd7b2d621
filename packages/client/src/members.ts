import type { Member } from './events.ts';

/** The members of a presence topic. */
export class Members {
  readonly #members = new Map<string, Member>();

  /** The number of members. */
  get count(): number {
    return this.#members.size;
  }

  /** The member with this id; `undefined` if there is none. */
  get(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** All members. */
  [Symbol.iterator](): Iterator<Member> {
    return this.#members.values();
  }

  /** Accepts `{ids, hash}` as in the protocol. */
  reset(presence: unknown): void {
    const { hash = {} } = presence as { hash?: Record<string, unknown> };
    this.#members.clear();
    for (const [id, info] of Object.entries(hash)) this.#members.set(id, { id, info });
  }

  /** Accepts `{user_id, user_info}`; ids that are numbers become text, as in the list. */
  add(data: unknown): Member {
    const { user_id, user_info } = data as { user_id: string | number; user_info?: unknown };
    const member = { id: String(user_id), info: user_info };
    this.#members.set(member.id, member);
    return member;
  }

  /** Accepts `{user_id}`. @returns the removed member. */
  remove(data: unknown): Member {
    const id = String((data as { user_id: string | number }).user_id);
    const member = this.#members.get(id) ?? { id, info: undefined };
    this.#members.delete(id);
    return member;
  }
}
