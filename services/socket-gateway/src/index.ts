export { createFeedAdapter, type FeedAdapter, type FeedAdapterOptions } from './adapter.js';
export { createGateway, type Gateway, type GatewayDeps, type GatewayTuning } from './server.js';
