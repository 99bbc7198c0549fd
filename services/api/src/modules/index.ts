import type { ApiModule, Context } from '../context.js';
import { identityModule } from './identity/index.js';

/** Every domain. A new one is added here and nowhere else. */
export function createModules(context: Context): ApiModule[] {
  return [identityModule(context)];
}
