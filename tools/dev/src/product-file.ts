import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the running product is, for `npm run demo`. It holds secrets: readable by its owner alone, and gone with the product. */
export interface ProductFile {
  url: string;
  /** What another gateway of the same installation needs. */
  env: Record<string, string>;
  admin: { email: string; password: string };
}

const fileIn = (dataDir: string): string => join(dataDir, 'product.json');

export function writeProductFile(product: ProductFile, dataDir: string): void {
  writeFileSync(fileIn(dataDir), JSON.stringify(product), { mode: 0o600 });
}

export function removeProductFile(dataDir: string): void {
  rmSync(fileIn(dataDir), { force: true });
}

/** Undefined when nothing has been started in this folder. */
export function readProductFile(dataDir: string): ProductFile | undefined {
  try {
    return JSON.parse(readFileSync(fileIn(dataDir), 'utf8')) as ProductFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
