export { createApi, type Api, type ApiDeps } from './server.js';
