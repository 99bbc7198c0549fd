import { createHash } from 'node:crypto';
import { largestFile } from '@tidings/contracts';
import type { UploadedFile } from '../../http/upload.js';

const patienceMs = 10_000;

/** `later`: it may be there another time. */
export type Fetched = { file: UploadedFile } | { later: string } | { refused: string };

/**
 * Reads an image from where the media are, and from nowhere else, whatever a message says: an address of another host, or a redirection to one, could be
 * anything that this machine reaches.
 * @param origin `https://res.cloudinary.com`
 */
export async function fetchImage(address: string, origin: string): Promise<Fetched> {
  const url = new URL(address);
  if (url.origin !== new URL(origin).origin || url.username !== '') return { refused: `The image is not at ${origin}` };
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(patienceMs) });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      return { later: `The image answers ${response.status}` };
    }
    const bytes = await readBounded(response.body);
    if (!bytes) return { refused: `An image may have ${largestFile} bytes` };
    return { file: { bytes, sha256: createHash('sha256').update(bytes).digest('hex') } };
  } catch (error) {
    return { later: `The image could not be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Undefined for what is too large, however long it says that it is. */
async function readBounded(body: ReadableStream<Uint8Array>): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of body) {
    size += chunk.length;
    if (size > largestFile) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
