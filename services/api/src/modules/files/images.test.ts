import { describe, expect, test } from '@jest/globals';
import { Problem } from '@tidings/contracts';
import { imageSize } from 'image-size';
import { jpeg, png, webp } from '../../../tests/support/images.js';
import { readImage } from './images.js';

const codeOf = (bytes: Buffer): string => {
  try {
    return readImage(bytes).type;
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
};

describe('an image', () => {
  test('is known by its own bytes', () => {
    expect([png, jpeg, webp].map((make) => readImage(make(3, 5)))).toEqual(
      ['png', 'jpeg', 'webp'].map((kind) => ({ type: `image/${kind}`, width: 3, height: 5 })),
    );
  });

  test('of a kind that is refused is not read', () => {
    const gif = Buffer.from('GIF89a\u0003\u0000\u0005\u0000\u0000\u0000', 'latin1');
    const photoshop = Buffer.concat([Buffer.from('8BPS'), Buffer.alloc(40, 1)]);
    for (const bytes of [gif, photoshop]) {
      expect(codeOf(bytes)).toBe('unsupported-media-type');
      expect(() => imageSize(bytes)).toThrow('disabled file type');
    }
  });

  test('that has a reader go on for ever is refused', () => {
    // Icons of Apple: the length of the whole, then an entry of no length, which is followed by itself.
    expect(codeOf(Buffer.from('69636e73000000ff000000000000000000', 'hex'))).toBe('unsupported-media-type');
  });

  test('that begins and does not go on is refused', () => {
    for (const bytes of [png().subarray(0, 14), jpeg().subarray(0, 6), webp().subarray(0, 12), Buffer.alloc(1), Buffer.from('ffd8', 'hex')])
      expect(codeOf(bytes)).toMatch(/^(?:unsupported-media-type|bad-request)$/);
    const endless = Buffer.concat([Buffer.from('ffd8ffe00000', 'hex'), Buffer.alloc(5 * 1024 * 1024)]);
    expect(codeOf(endless)).toBe('unsupported-media-type');
  });
});
