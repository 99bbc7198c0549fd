import { Problem } from '@tidings/contracts';

/** The ETag of a resource with a top-level `version`, undefined for others. */
export function etagOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('version' in body)) return undefined;
  return typeof body.version === 'number' ? `"v${body.version}"` : undefined;
}

/** The versions that a client says it has read; undefined where it does not care (no header, or `*`). What is no ETag of ours is none of them. */
export function versionsOf(header: string | undefined): number[] | undefined {
  if (header === undefined || header.trim() === '*') return undefined;
  return header.split(',').flatMap((tag) => {
    const version = /^(?:W\/)?"v(\d{1,15})"$/.exec(tag.trim())?.[1];
    return version === undefined ? [] : [Number(version)];
  });
}

/**
 * Refuses a change to a document that is not the one the client read. Without the header there is nothing to check.
 * @param present the document as GET returns it, for the answer
 * @throws Problem version-mismatch (412) with `current`
 */
export function checkIfMatch(header: string | undefined, version: number, present: () => unknown): void {
  if (versionsOf(header)?.includes(version) === false) throw new Problem('version-mismatch', undefined, { current: present() });
}
