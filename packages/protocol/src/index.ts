export * from './catalogue.ts';
export * from './errors.ts';
export * from './event.ts';
export { redactCase } from './events/cases.ts';
export { redactMessage } from './events/messages.ts';
export * from './frames.ts';
export * from './http.ts';
export * from './models.ts';
export * from './topics.ts';
