import { z } from 'zod';
import { balanceSchema, currencySchema, idSchema, inOrder, listQuery, timeSchema, versionSchema } from '../common.js';
import { topUpBody } from '../wallet/schemas.js';

const provider = topUpBody.shape.provider;

/** Of all providers that have a list of payments, unless one is named; the 24 hours that ended 15 minutes ago, unless `from` and `to` say otherwise. */
export const reconciliationBody = inOrder(
  z.strictObject({ provider: provider.optional(), from: timeSchema.optional(), to: timeSchema.optional() }),
  ['from', 'to'],
).default({});
export type ReconciliationInput = z.output<typeof reconciliationBody>;

export const reconciliationStatuses = ['running', 'completed', 'failed'] as const;

/** One comparison of a provider's payments in `[from, to)` with our ledger. */
export const reconciliationSchema = z.strictObject({
  id: idSchema,
  provider,
  from: timeSchema,
  to: timeSchema,
  status: z.enum(reconciliationStatuses),
  /** Payments that the provider listed. */
  payments: z.int().min(0),
  /** Top-ups that we have credited. */
  topUps: z.int().min(0),
  differences: z.int().min(0),
  failure: z.string().max(500).optional(),
  /** Null for the daily one. */
  requestedBy: idSchema.nullable(),
  version: versionSchema,
  createdAt: timeSchema,
});
export type Reconciliation = z.output<typeof reconciliationSchema>;

export const reconciliationsQuery = z.strictObject({ ...listQuery, provider: provider.optional() });

/** Paid there and not credited here; credited here and not listed there; or one of the figures differs. */
export const differenceKinds = ['not-credited', 'not-at-provider', 'amount-differs', 'currency-differs', 'refund-differs'] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** Minor units. `ours` is what the ledger has, `theirs` what the provider lists. */
export const differenceSchema = z.strictObject({
  id: z.string().max(300),
  kind: z.enum(differenceKinds),
  topUpId: idSchema.optional(),
  userId: idSchema.optional(),
  ours: z
    .strictObject({ status: z.string(), credited: balanceSchema, refunded: balanceSchema, currency: currencySchema, at: timeSchema })
    .optional(),
  theirs: z
    .strictObject({ providerRef: z.string(), amount: balanceSchema, refunded: balanceSchema, currency: z.string(), at: timeSchema })
    .optional(),
  /** No later comparison has looked at the same time again. */
  open: z.boolean(),
});
export type Difference = z.output<typeof differenceSchema>;

export const differencesQuery = z.strictObject({ ...listQuery, kind: z.enum(differenceKinds).optional() });
