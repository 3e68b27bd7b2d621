import { hotTable } from './hot-table.ts';
import { customers, deliveries, messages, sessions } from './schema.ts';

// The tables that every message reads or writes.
export const hotCustomers = hotTable(customers);
export const hotDeliveries = hotTable(deliveries);
export const hotMessages = hotTable(messages);
export const hotSessions = hotTable(sessions);
