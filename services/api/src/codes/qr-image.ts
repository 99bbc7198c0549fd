import QRCode from 'qrcode';
import { Media } from '../http/media.js';

export const qrFormats = ['png', 'svg', 'json'] as const;
export type QrFormat = (typeof qrFormats)[number];

const types: Readonly<Record<QrFormat, string>> = { png: 'image/png', svg: 'image/svg+xml', json: 'application/json' };

/**
 * Rows of a code repeat the one above: that filter alone, where pngjs would try all five on each row, takes a third of the time and makes a
 * smaller file.
 */
const pngLook = { filterType: 2, deflateStrategy: 0, deflateLevel: 6 };

/** A code with the time (milliseconds since 1970) from which it is void; null: it stays valid. */
export interface ShownCode {
  code: string;
  expiresAt: number | null;
}

/**
 * The code as the client wants it: by `format`, else by what it accepts, else as PNG.
 * A code that changes, or is one person's, is never stored: neither a cache nor a phone's history shall show an old one.
 */
export async function showCode(
  { code, expiresAt }: ShownCode,
  {
    format,
    accepts,
    isPrivate = expiresAt !== null,
  }: { format: QrFormat | undefined; accepts: (types: readonly string[]) => string | undefined; isPrivate?: boolean },
): Promise<Media> {
  const headers = isPrivate ? { 'Cache-Control': 'no-store' } : {};
  const wanted = format ?? qrFormats.find((one) => types[one] === accepts(Object.values(types))) ?? 'png';
  const shown = { code, expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString() };
  // Level M bears a wet corner of a sticker; four modules around it are what ISO 18004 asks for.
  const look = { errorCorrectionLevel: 'M', margin: 4 } as const;
  switch (wanted) {
    case 'png':
      return new Media(types.png, await QRCode.toBuffer(code, { ...look, type: 'png', width: 512, rendererOpts: pngLook }), headers);
    case 'svg':
      return new Media(types.svg, await QRCode.toString(code, { ...look, type: 'svg', width: 512 }), headers);
    case 'json':
      return new Media(types.json, JSON.stringify(shown), headers);
  }
}
