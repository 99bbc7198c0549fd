import type { IncomingHttpHeaders } from 'node:http';
import { badRequest, idSchema, Problem } from '@tidings/contracts';
import { z } from 'zod';
import type { MerchantNews } from '../merchant-sync/index.js';
import type { DisputeMessage, FailedRefund, PaymentNames } from '../wallet/index.js';

/** The providers that tell of payments; the sandbox speaks as Stripe does. */
const paymentProviders = ['stripe', 'razorpay', 'zeffy'] as const;
export type PaymentProvider = (typeof paymentProviders)[number];
/** All that post to us. */
export const webhookProviders = [...paymentProviders, 'cloudinary'] as const;
export type WebhookProvider = (typeof webhookProviders)[number];

/** @throws Error for who has none: a fault of its source */
export function payingProvider(provider: WebhookProvider): PaymentProvider {
  if (provider === 'cloudinary') throw new Error('Cloudinary tells of no payments');
  return provider;
}

interface Money {
  /** Minor units. */
  amount: number;
  currency: string;
}

/** What a provider's event means to us; `none`: nothing, and why. */
export type ProviderMessage =
  | ({ kind: 'succeeded'; providerRef: string } & Money & Omit<PaymentNames, 'providerRef'>)
  /** A payment that nobody announced: `reference` and `email` may say whose it is. */
  | ({ kind: 'received'; providerRef: string; reference?: string | undefined; email?: string | undefined } & Money)
  | ({ kind: 'failed'; reason: string } & Omit<PaymentNames, 'providerRef'>)
  /** `amount`: of all that was given back so far. `refundRef`: the provider's own id of the last, where it says that. */
  | ({ kind: 'refunded'; at?: Date | undefined; refundRef?: string | undefined } & Money & PaymentNames)
  | ({ kind: 'refund-failed' } & FailedRefund)
  | ({ kind: 'disputed' } & DisputeMessage)
  /** A dispute that ended in a way that we do not know: a person says who has the money. */
  | ({ kind: 'dispute-ended'; end: string } & Omit<DisputeMessage, 'status'>)
  | { kind: 'merchant-news'; news: MerchantNews }
  | { kind: 'none'; reason: string };

export interface ProviderEvent {
  /** The provider's own, where the body has it. */
  id?: string | undefined;
  type: string;
  message: ProviderMessage;
}

/** One provider's way to post. */
export interface WebhookSource {
  /**
   * Checks the signature over the bytes that were sent.
   * @returns the event's id, where a header has it, and the headers to keep beside the body: none that is a secret
   * @throws Problem `invalid-signature`, also when it is too old or no secret is set
   */
  verify(body: Buffer, headers: IncomingHttpHeaders): { id?: string | undefined; headers: Record<string, string> };
  /**
   * What a body says that was found genuine.
   * @param headers those that `verify` kept
   * @throws Problem `bad-request`
   */
  read(body: string, headers: Readonly<Record<string, string>>): ProviderEvent;
  /** The headers with which the provider would post this: for rehearsals. @throws Error when no secret is set */
  sign(body: string, event: { id: string; at: Date }): Record<string, string>;
}

/** One value of a header; undefined where it is missing. */
export function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

export function invalidSignature(cause?: unknown): Problem {
  return new Problem('invalid-signature', undefined, cause === undefined ? {} : { cause });
}

/** @throws Problem `bad-request` */
export function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Problem('bad-request', 'The body is not an event', { cause: error });
  }
}

/** @throws Problem `bad-request` */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw badRequest(parsed.error);
  return parsed.data;
}

export const unnamed: ProviderMessage = { kind: 'none', reason: 'It names no top-up' };
export const unknownType: ProviderMessage = { kind: 'none', reason: 'Nothing here acts on events of this type' };

/** Parts of the bodies. Providers add fields without notice, so their objects are loose, and we read only these. */
export const minorUnits = z.int().min(0);
export const providerRef = z.string().min(1).max(255);
export const upperCurrency = z
  .string()
  .regex(/^[A-Za-z]{3}$/)
  .toUpperCase();
/** Where our own names are put at a provider. Razorpay sends an empty list for none. */
export const ourNames = z.union([z.looseObject({ topUpId: idSchema.optional() }), z.array(z.unknown()).max(0)]).nullish();

/** Seconds since 1970, as providers date what they say; absent, it is dated by its arrival. */
export const epochSeconds = z.int().min(0).max(253_402_300_799).optional();
export const timeOf = (seconds: number | undefined): Date => (seconds === undefined ? new Date() : new Date(seconds * 1_000));

/** What we put beside a refund at its provider. */
export const refundNames = z
  .union([z.looseObject({ topUpId: idSchema.optional(), refundId: idSchema.optional() }), z.array(z.unknown()).max(0)])
  .nullish();
export const refundNamesOf = (names: z.output<typeof refundNames>): { topUpId?: string | undefined; refundId?: string | undefined } =>
  names && !Array.isArray(names) ? { topUpId: names.topUpId, refundId: names.refundId } : {};

export const topUpIdOf = (names: z.output<typeof ourNames>): string | undefined =>
  names && !Array.isArray(names) ? names.topUpId : undefined;
