import type { AdminTransaction } from '@tidings/contracts';
import type { UnitOfWork } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import { createRounds, type Rounds } from './rounds.js';
import type { TransferDocument, WalletModels } from './wallet.model.js';

export interface TransactionFeed extends Rounds {
  /** One round: everything that has not been told. */
  run(): Promise<void>;
}

const intervalMs = 400;
const batchSize = 100;

/**
 * Tells administrators of transfers (`transactions-recorded`), some at once and apart from the payments: an event more in each payment would cost
 * more than all of these together. The mark on the transfer is written with it and taken away with its event, so each is told once, however many
 * replicas do this: of two that meet the second finds nothing left.
 */
export function createTransactionFeed(options: {
  models: Pick<WalletModels, 'transfers'>;
  unitOfWork: UnitOfWork;
  logger: Logger;
}): TransactionFeed {
  const { models, unitOfWork, logger } = options;
  const { transfers } = models;

  const tell = async (): Promise<number> => {
    const { result } = await unitOfWork.run({ actor: null }, async (tx) => {
      const found = await transfers.find({ untold: true }, null, { session: tx.session }).limit(batchSize).lean<TransferDocument[]>();
      if (found.length === 0) return 0;
      const ids = found.map(({ _id }) => _id);
      await transfers.updateMany({ _id: { $in: ids } }, { $unset: { untold: 1 } }, { session: tx.session });
      tx.emit('transactions-recorded', { transactions: found.map(presentTransfer) }, {});
      return found.length;
    });
    return result;
  };

  const run = async (): Promise<void> => {
    // Without a transaction when there is nothing to tell, which is most of the time.
    while (await transfers.exists({ untold: true })) if ((await tell()) < batchSize) return;
  };

  return { run, ...createRounds(run, { intervalMs, what: 'telling administrators of transfers', logger }) };
}

/** As administrators see it. */
export function presentTransfer(transfer: TransferDocument): AdminTransaction {
  const {
    _id,
    type,
    userId,
    merchantId,
    amount,
    currency,
    paymentMethod,
    description,
    orderId,
    topUpId,
    paymentRequestId,
    investmentId,
    at,
  } = transfer;
  return {
    id: _id,
    type,
    ...(userId ? { userId } : {}),
    ...(merchantId ? { merchantId } : {}),
    amount,
    currency,
    paymentMethod,
    description,
    ...(orderId ? { orderId } : {}),
    ...(topUpId ? { topUpId } : {}),
    ...(paymentRequestId ? { paymentRequestId } : {}),
    ...(investmentId ? { investmentId } : {}),
    createdAt: at.toISOString(),
  };
}
