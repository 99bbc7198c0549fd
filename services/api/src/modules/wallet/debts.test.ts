import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from './ledger-sums.js';
import type { TopUpDocument } from './wallet.model.js';

const sound = { unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] };

describe('what a user owes', () => {
  let domain: Domain;
  const currency = 'INR';
  beforeAll(async () => {
    domain = await createDomain();
  });
  afterAll(() => domain.stop());

  const state = async (userId: string) => {
    const { balance, held } = await domain.wallet.wallet.balance(userId);
    const { result: owed } = await domain.run((tx) => domain.wallet.debts.owed(tx, { kind: 'user', ownerId: userId, currency }));
    return { balance, held, owed };
  };
  const funded = async () => {
    const { userId } = await domain.person();
    await domain.fund(userId, 500);
    const topUp = await domain.mongo.db.collection<TopUpDocument>('topups').findOne({ userId });
    return { userId, topUpId: topUp!._id };
  };
  const dispute = (topUpId: string, status: 'opened' | 'won' | 'lost', amount = 500) =>
    domain.run((tx) =>
      domain.wallet.disputes.report(tx, { provider: 'stripe', topUpId, disputeId: `d_${topUpId}`, status, amount, currency }),
    );
  const hold = (userId: string, amount: number, key = newId()) =>
    domain.run((tx) => domain.wallet.wallet.hold(tx, { key, userId, amount, currency, description: 'At the counter' })).then(() => key);
  const spend = (userId: string, amount: number, orderId = newId(), merchantId = newId()) =>
    domain.run((tx) => domain.wallet.wallet.charge(tx, { orderId, userId, merchantId, amount, currency }));
  const expectSound = async () => {
    await domain.wallet.rollUps.run();
    expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
  };

  test('is paid by what is released, and told', async () => {
    const { userId, topUpId } = await funded();
    const key = await hold(userId, 300);
    await dispute(topUpId, 'opened');
    expect(await state(userId)).toEqual({ balance: 0, held: 500, owed: 300 });
    const { events } = await domain.run((tx) => domain.wallet.wallet.release(tx, key));
    expect(events.map(({ data }) => [data['reason'], data['newBalance']])).toEqual([
      ['release', 300],
      ['debt', 0],
    ]);
    expect(await state(userId)).toEqual({ balance: 0, held: 200, owed: 0 });
    await expectSound();
  });

  test('is paid by top-ups, no more than it is, and the payer is told what is left', async () => {
    const { userId, topUpId } = await funded();
    await spend(userId, 400);
    await dispute(topUpId, 'lost');
    expect(await state(userId)).toEqual({ balance: 0, held: 0, owed: 400 });
    await domain.fund(userId, 150);
    expect(await state(userId)).toEqual({ balance: 0, held: 0, owed: 250 });
    await domain.fund(userId, 300);
    expect(await state(userId)).toEqual({ balance: 50, held: 0, owed: 0 });
    const told = await domain.mongo.db
      .collection('outbox')
      .find({ type: 'payment-completed', 'data.userId': userId, 'data.amount': 300 })
      .toArray();
    expect(told.map(({ data }) => (data as { newBalance: number }).newBalance)).toEqual([50]);
    const { page } = await domain.wallet.wallet.history(userId, { limit: 2 });
    expect(page.map(({ type, amount }) => [type, amount])).toEqual([
      ['debt', -250],
      ['top-up', 300],
    ]);
    await expectSound();
  });

  test('is paid by what comes back of an order', async () => {
    const { userId, topUpId } = await funded();
    const [orderId, merchantId] = [newId(), newId()];
    await spend(userId, 500, orderId, merchantId);
    await dispute(topUpId, 'opened');
    await domain.run((tx) => domain.wallet.wallet.refund(tx, { orderId, userId, merchantId, amount: 200, currency, reason: 'Sold out' }));
    expect(await state(userId)).toEqual({ balance: 0, held: 0, owed: 300 });
    await expectSound();
  });

  test('that was paid meanwhile comes back when the dispute is won', async () => {
    const { userId, topUpId } = await funded();
    await spend(userId, 400);
    await dispute(topUpId, 'opened');
    await domain.fund(userId, 1_000);
    expect(await state(userId)).toEqual({ balance: 600, held: 100, owed: 0 });
    await dispute(topUpId, 'won');
    expect(await state(userId)).toEqual({ balance: 1_100, held: 0, owed: 0 });
    await expectSound();
  });

  test('does not stop a payment that was approved before', async () => {
    const { userId, topUpId } = await funded();
    const key = await hold(userId, 300);
    await dispute(topUpId, 'opened');
    await domain.run(async (tx) => {
      await domain.wallet.wallet.release(tx, key, 200);
      await domain.wallet.wallet.charge(tx, { paymentRequestId: newId(), userId, merchantId: newId(), amount: 200, currency });
    });
    expect(await state(userId)).toEqual({ balance: 0, held: 200, owed: 200 });
    await expectSound();
  });

  test('that grows while money comes in is seen by it', async () => {
    const { userId, topUpId } = await funded();
    await spend(userId, 500);
    let isFirst = true;
    await domain.run(async (tx) => {
      // It has begun, and sees an empty wallet; then the money comes.
      await domain.wallet.debts.owed(tx, { kind: 'user', ownerId: userId, currency });
      if (isFirst) {
        isFirst = false;
        await domain.fund(userId, 300);
      }
      const message = { provider: 'stripe', topUpId, disputeId: newId(), status: 'opened', amount: 400, currency } as const;
      return domain.wallet.disputes.report(tx, message);
    });
    expect(await state(userId)).toEqual({ balance: 0, held: 300, owed: 100 });
    await expectSound();
  });

  test('and a top-up at the same moment meet: nobody has money and owes it', async () => {
    for (let round = 0; round < 5; round++) {
      const { userId, topUpId } = await funded();
      await spend(userId, 500);
      await Promise.all([dispute(topUpId, 'opened', 400), domain.fund(userId, 300), domain.fund(userId, 50)]);
      const { balance, owed } = await state(userId);
      expect({ net: balance - owed, both: Math.min(balance, owed) }).toEqual({ net: -50, both: 0 });
    }
    await expectSound();
  });
});
