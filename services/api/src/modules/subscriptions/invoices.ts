import { Problem, type Invoice, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { assertMayLook, type MerchantDocument, type Merchants } from '../merchants/index.js';
import type { BillingModels, InvoiceDocument } from './invoices.model.js';

export type NewInvoice = Pick<InvoiceDocument, 'plan' | 'lines' | 'total' | 'currency' | 'from' | 'to' | 'paymentMethod' | 'transactionId'>;

export interface Invoices {
  /**
   * Numbers count up within a year (UTC) without gaps: what fails takes none, as the number is of the same transaction. All that is paid meets in the
   * counter: call it last.
   */
  issue(tx: Tx, merchant: MerchantDocument, invoice: NewInvoice): Promise<void>;
  /** Newest first. @throws Problem `not-found`, `forbidden` */
  list(caller: Principal, merchantId: string, query: { limit: number; cursor?: string | undefined }): Promise<Paged<InvoiceDocument>>;
  /** @throws Problem `not-found`, also for another merchant's; `forbidden` */
  get(caller: Principal, merchantId: string, id: string): Promise<InvoiceDocument>;
}

export function presentInvoice(invoice: InvoiceDocument): Invoice {
  const { _id, from, to, createdAt, billedTo, timeZone: _, issuedBy: __, ...rest } = invoice;
  const { name, ownerName, email, address } = billedTo;
  return {
    ...rest,
    id: _id,
    subscriptionId: invoice.merchantId,
    lines: invoice.lines.map(({ description, amount }) => ({ description, amount })),
    from: from.toISOString(),
    to: to.toISOString(),
    billedTo: { name, ownerName, email, ...(address === undefined ? {} : { address }) },
    version: 1,
    createdAt: createdAt.toISOString(),
  };
}

export function createInvoices(options: {
  mongo: Mongo;
  models: BillingModels;
  merchants: Pick<Merchants, 'get'>;
  issuer: readonly string[];
}): Invoices {
  const { mongo, models, merchants, issuer } = options;
  const { invoices, counters } = models;

  const take = async (tx: Tx): Promise<string> => {
    const year = String(tx.now.getUTCFullYear());
    const counter = await counters
      .findOneAndUpdate({ _id: year }, { $inc: { last: 1 } }, { session: tx.session, upsert: true, returnDocument: 'after' })
      .lean<{ last: number }>();
    if (!counter) throw new Error(`The counter of the invoices of ${year} was neither found nor made`);
    return `${year}-${String(counter.last).padStart(6, '0')}`;
  };

  return {
    async issue(tx, merchant, fields) {
      const { name, ownerName, email, address, timeZone } = merchant;
      const invoice: InvoiceDocument = {
        ...fields,
        _id: newId(),
        number: await take(tx),
        merchantId: merchant._id,
        issuedBy: [...issuer],
        billedTo: { name, ownerName, email, ...(address === undefined ? {} : { address }) },
        timeZone,
        createdAt: tx.now,
      };
      await invoices.insertMany([invoice], { session: tx.session });
      const shown = presentInvoice(invoice);
      const { id: invoiceId, merchantId, number, version } = shown;
      tx.emit('invoice-issued', { invoiceId, merchantId, number, invoice: shown, version }, { merchantId });
    },

    async list(caller, merchantId, { limit, cursor }) {
      await merchants.get(merchantId);
      await assertMayLook(mongo, caller, merchantId, 'invoices');
      const found = await invoices
        .find({ merchantId, ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<InvoiceDocument[]>();
      return pageByTime(found, limit);
    },

    async get(caller, merchantId, id) {
      await merchants.get(merchantId);
      await assertMayLook(mongo, caller, merchantId, 'invoice');
      const invoice = await invoices.findOne({ _id: id, merchantId }).lean<InvoiceDocument>();
      if (!invoice) throw new Problem('not-found', 'There is no such invoice');
      return invoice;
    },
  };
}
