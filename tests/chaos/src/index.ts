export { scenarios, startChaos, type Chaos, type ChaosOptions, type Report } from './run.js';
