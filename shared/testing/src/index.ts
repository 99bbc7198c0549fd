export * from './client.js';
export * from './http.js';
export * from './live-equals-fresh.js';
export * from './scenes.js';
export * from './store.js';
export * from './stripe.js';
export * from './wait.js';
export * from './world.js';
