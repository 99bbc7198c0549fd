import { badField, imageTypes, Problem, type StoredFile } from '@tidings/contracts';
import { disableTypes, imageSize, types } from 'image-size';

const byKind: Readonly<Record<string, StoredFile['type']>> = { png: 'image/png', jpg: 'image/jpeg', webp: 'image/webp' };
// What is refused anyway is not read: the reader of one kind (icns) goes on for ever with an entry of no length.
disableTypes(types.filter((kind) => !(kind in byKind)));

/** The size stands near the beginning; a reader of JPEG that looks for it goes byte by byte. */
const headBytes = 512 * 1024;
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
  if (!isSize) throw badField('file', `must have 1 to ${longestSide} pixels a side`);
  return { type, width, height };
}

function sizeOf(bytes: Buffer): ReturnType<typeof imageSize> | undefined {
  try {
    return imageSize(bytes.subarray(0, headBytes));
  } catch {
    return undefined; // it throws for what it does not know, and for what ends too early
  }
}
