export { createWorker, type NotificationWorker, type WorkerDeps } from './worker.js';
