/** A process that subscribes, counts and joins presence channels, for tests that kill it. */
import { connectBus } from './bus-rig.ts';

const bus = await connectBus(process.env.BUS_ADDRESS ?? '');
const memberKey = { appId: 1, channel: 'presence-team', socketId: '9.9' };
bus.receive(
  () => {},
  () => {},
);
await bus.subscribe(1, 'team');
// Other nodes only learn of it once the bus is connected.
while (!(await bus.presence.members(1, memberKey.channel)).members.has('ann'))
  await new Promise(setImmediate);
await bus.presence.join(memberKey, { user_id: 'cid', user_info: {} }, 10);
bus.occupancy.set(1, memberKey.channel, 2);
bus.occupancy.set(1, 'prices', 3);
process.send?.('started');
