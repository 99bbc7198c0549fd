import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Where the running product is, for `npm run demo`. It holds secrets: readable by its owner alone, and gone with the product. */
export interface ProductFile {
  url: string;
  /** What another gateway of the same installation needs. */
  env: Record<string, string>;
  admin: { email: string; password: string };
}

const file = '.tidings/product.json';

export function writeProductFile(product: ProductFile): void {
  writeFileSync(file, JSON.stringify(product), { mode: 0o600 });
}

export function removeProductFile(): void {
  rmSync(file, { force: true });
}

/** Undefined when nothing has been started in this folder. */
export function readProductFile(): ProductFile | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as ProductFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
