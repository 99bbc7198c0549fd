import { runService } from '@tidings/platform';
import { createApi } from './server.js';

runService('api', (parts) => {
  const api = createApi(parts);
  return { ...api, handle: api.app };
});
