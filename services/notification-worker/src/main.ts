import { runService } from '@tidings/platform';
import { createWorker } from './worker.js';

runService('notification-worker', (parts) => createWorker(parts));
