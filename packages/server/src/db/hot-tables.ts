import { hotTable } from './hot-table.ts';
import { customers, deliveries, messages, sessions } from './schema.ts';

// The tables that every message reads or writes.

/** Fast reads and writes of `customers`. */
export const hotCustomers = hotTable(customers);
/** Fast reads and writes of `deliveries`. */
export const hotDeliveries = hotTable(deliveries);
/** Fast reads and writes of `messages`. */
export const hotMessages = hotTable(messages);
/** Fast reads and writes of `sessions`. */
export const hotSessions = hotTable(sessions);
