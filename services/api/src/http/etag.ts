import { Problem } from '@tidings/contracts';

/** The ETag of a resource with a top-level `version`, undefined for others. */
export function etagOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('version' in body)) return undefined;
  return typeof body.version === 'number' ? `"v${body.version}"` : undefined;
}

/**
 * Refuses a change to a document that is not the one the client read. Without the header there is nothing to check.
 * @param present the document as GET returns it, for the answer
 * @throws Problem version-mismatch (412) with `current`
 */
export function checkIfMatch(header: string | undefined, version: number, present: () => unknown): void {
  if (header === undefined || header.trim() === '*') return;
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  if (!tags.includes(`"v${version}"`)) throw new Problem('version-mismatch', undefined, { current: present() });
}
