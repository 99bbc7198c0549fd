import type { WebhookProvider, WebhookSource } from '../message.js';
import { cloudinarySource } from './cloudinary.js';
import { razorpaySource } from './razorpay.js';
import { stripeSource } from './stripe.js';
import { zeffySource, type ZeffySecrets } from './zeffy.js';

export interface WebhookSecrets {
  stripe?: string | undefined;
  razorpay?: string | undefined;
  zeffy?: ZeffySecrets;
  cloudinary?: string | undefined;
}

export type WebhookSources = Readonly<Record<WebhookProvider, WebhookSource>>;

/** Every provider that posts to us, by the secrets that it signs with. */
export function createSources({ stripe, razorpay, zeffy = {}, cloudinary }: WebhookSecrets): WebhookSources {
  return {
    stripe: stripeSource(stripe),
    razorpay: razorpaySource(razorpay),
    zeffy: zeffySource(zeffy),
    cloudinary: cloudinarySource(cloudinary),
  };
}
