export * from './command.js';
export * from './common.js';
export * from './errors.js';
export * from './event.js';
export * from './feeds.js';
export * from './roles.js';
export * from './route.js';
