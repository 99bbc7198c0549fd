import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { header, invalidSignature, parse, parseJson, providerRef, unknownType, type WebhookSource } from '../message.js';
import { optional, readNews, readUpload, time } from './cloudinary-news.js';

/** Seconds; Cloudinary's own library takes two hours (https://cloudinary.com/documentation/notification_signatures). */
const tolerance = 7_200;
/** For a clock that is ahead of ours. */
const ahead = 300;
/** By the length of the hex digest: accounts sign by SHA-1 unless they choose SHA-256. */
const algorithms: Readonly<Record<number, string>> = { 40: 'sha1', 64: 'sha256' };

const own = z.looseObject({
  id: providerRef.nullish(),
  type: z.string().min(1).max(100),
  timestamp: optional(time),
  data: z.unknown().optional(),
});
/** https://cloudinary.com/documentation/notifications: an upload's `type` is another thing. */
const notificationSchema = z.looseObject({ notification_type: z.string().min(1).max(100) });

/** @param secret the account's API secret; undefined where none is set: then no signature is right */
export function cloudinarySource(secret: string | undefined): WebhookSource {
  const mac = (body: Buffer | string, timestamp: string, algorithm: string): string =>
    createHash(algorithm).update(body).update(`${timestamp}${secret}`).digest('hex');
  return {
    verify(body, headers) {
      const signature = header(headers, 'x-cld-signature');
      const timestamp = header(headers, 'x-cld-timestamp');
      // Ten digits: of fewer, some could be taken from the end of the body.
      if (secret === undefined || signature === undefined || !timestamp || !/^\d{10}$/.test(timestamp)) throw invalidSignature();
      const age = Date.now() / 1_000 - Number(timestamp);
      if (age > tolerance || age < -ahead) throw invalidSignature();
      const algorithm = algorithms[signature.length];
      if (!algorithm || !isSame(signature, mac(body, timestamp, algorithm))) throw invalidSignature();
      return { headers: { 'x-cld-timestamp': timestamp, 'x-cld-signature': signature } };
    },
    read(body, headers) {
      const value = parseJson(body);
      const signedAt = new Date(Number(headers['x-cld-timestamp'] ?? 0) * 1_000);
      const notification = notificationSchema.safeParse(value);
      if (notification.success) {
        const type = notification.data.notification_type;
        return { type, message: type === 'upload' ? readUpload(value, signedAt) : unknownType };
      }
      const { id, type, data, timestamp } = parse(own, value);
      const { message, isDated } = readNews({ type, data }, { sentAt: timestamp ?? undefined, signedAt });
      // Without a name or a time of its own, the same words may be meant again, as when something changes back.
      const isItself = isDated || timestamp || message.kind === 'none';
      const named = id ?? (isItself ? undefined : `at-${headers['x-cld-timestamp']}-${createHash('sha256').update(body).digest('hex')}`);
      return { id: named, type, message };
    },
    sign(body, { at }) {
      if (secret === undefined) throw new Error('No secret of Cloudinary is set');
      const timestamp = String(Math.floor(at.getTime() / 1_000));
      return { 'x-cld-timestamp': timestamp, 'x-cld-signature': mac(body, timestamp, 'sha1') };
    },
  };
}

function isSame(given: string, right: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(right)];
  return a.length === b.length && timingSafeEqual(a, b);
}
