/** A gateway in a process of its own, for tests that kill it. It tells its port to whoever asks. */
import { createRedisBus } from '../../packages/server/src/broadcast/redis-bus.ts';
import { quiet, startGateway } from './gateway.ts';

const url = process.env.REDIS_URL ?? '';
const server = await startGateway({ bus: createRedisBus({ url, log: quiet, heartbeatMs: 100 }) });
process.on('message', () => process.send?.(server.port));
process.send?.('started');
