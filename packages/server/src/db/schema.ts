export * from './schema/conversations.ts';
export * from './schema/deliveries.ts';
export * from './schema/desk.ts';
export * from './schema/files.ts';
export * from './schema/log.ts';
export * from './schema/mails.ts';
export * from './schema/replays.ts';
export * from './schema/tenancy.ts';
