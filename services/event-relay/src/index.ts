export { createRelay, type Relay, type RelayDeps } from './relay.js';
