import { runService } from '@tidings/platform';
import { createRelay } from './relay.js';

runService('event-relay', (parts) => createRelay(parts));
