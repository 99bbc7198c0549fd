export { createFeedAdapter, type FeedAdapter, type FeedAdapterOptions } from './adapter.js';
export { createGateway, type Gateway, type GatewayDeps } from './server.js';
export type { GatewayTuning } from './tuning.js';
