import { expect, it } from 'vitest';
import { Members } from './members.ts';

it('members whose ids are numbers are those of the list', () => {
  const members = new Members();
  members.reset({ ids: [7, 'ann'], hash: { 7: { name: 'Bob' }, ann: null } });
  members.add({ user_id: 8, user_info: {} });
  expect([...members].map(({ id }) => id)).toEqual(['7', 'ann', '8']);
  expect(members.remove({ user_id: 7 })).toEqual({ id: '7', info: { name: 'Bob' } });
  expect(members.get('7')).toBeUndefined();
  expect(members.count).toBe(2);
});
