export * from './schema/conversations.ts';
export * from './schema/log.ts';
export * from './schema/tenancy.ts';
