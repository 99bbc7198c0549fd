import type { Model } from 'mongoose';

/**
 * Makes the collections and indexes of a module's models; what exists already is left as it is. Made at start, not with the first
 * document: inside a transaction that would conflict with everybody else's first document.
 */
export async function ensureIndexes(models: object): Promise<void> {
  for (const model of Object.values(models) as Model<unknown>[]) {
    await model.createCollection();
    await model.createIndexes();
  }
}
