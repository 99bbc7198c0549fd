import type { ApiModule, Context } from '../context.js';

/** Every domain. A new one is added here and nowhere else. */
export function createModules(context: Context): ApiModule[] {
  void context;
  return [];
}
