export * from './access.js';
export * from './documents.js';
export * from './domain-events.js';
export * from './feed-bus.js';
export * from './feed-log.js';
export * from './notifications.js';
export * from './outbox-pages.js';
export * from './outbox.js';
