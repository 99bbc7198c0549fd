import { imageTypes, Problem, type StoredFile } from '@tidings/contracts';
import { imageSize } from 'image-size';

const byKind: Readonly<Record<string, StoredFile['type']>> = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' };
/** A side of more pixels is no logo, but an attempt to fill somebody's memory. */
const longestSide = 8192;

/**
 * What an image is, by its own bytes: neither its name nor what the sender called it counts.
 * @throws Problem `unsupported-media-type`, `bad-request` for one that is too large or broken
 */
export function readImage(bytes: Buffer): Pick<StoredFile, 'type' | 'width' | 'height'> {
  const found = sizeOf(bytes);
  const type = byKind[found?.type ?? ''];
  if (!found || !type) throw new Problem('unsupported-media-type', `Images are ${imageTypes.join(', ')}`);
  const { width, height } = found;
  const isSize = [width, height].every((side) => Number.isSafeInteger(side) && side >= 1 && side <= longestSide);
  if (!isSize)
    throw new Problem('bad-request', 'Some fields are not valid', {
      errors: [{ path: 'file', message: `must have 1 to ${longestSide} pixels a side` }],
    });
  return { type, width, height };
}

function sizeOf(bytes: Buffer): ReturnType<typeof imageSize> | undefined {
  try {
    return imageSize(bytes);
  } catch {
    return undefined; // it throws for what it does not know, and for what ends too early
  }
}
