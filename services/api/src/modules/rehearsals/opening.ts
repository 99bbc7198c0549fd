import { Problem, type RehearsalInput } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import type { Context } from '../../context.js';
import type { Directory } from '../identity/index.js';
import { walletModels, type TopUpDocument, type Wallet } from '../wallet/index.js';
import { webhookModels, type DeliveryDocument } from '../webhooks/index.js';
import { madeUpEvent, type MadeUpPayment, type PlayedEvent } from './made-up.js';
import type { Sandbox } from './sandbox.js';

export interface OpeningDeps extends Pick<Context, 'config' | 'mongo'> {
  directory: Directory;
  wallet: Wallet;
}

/** What the rehearsal begins with: what the account has now, without what the captured events have brought. */
export interface Opening {
  userId: string;
  email: string;
  currency: string;
  balance: number;
  held: number;
  /** Those that the events name, and no others: a user may have very many. */
  topUps: TopUpDocument[];
  events: PlayedEvent[];
  /** The top-up of each event, by the event's name. */
  named: ReadonlyMap<string, string>;
}

const mostTopUps = 1_000;

/** @throws Problem `not-found` (the user; a delivery that is not of a top-up of that user) */
export async function openingOf({ mongo, config, directory, wallet }: OpeningDeps, input: RehearsalInput): Promise<Opening> {
  const { userId } = input;
  const { email } = await directory.get(userId);
  const currency = input.events.find((event) => event.currency)?.currency ?? config.DEFAULT_CURRENCY;
  const { balance, held } = await wallet.balance(userId, currency);
  const { topUps: ofUser } = walletModels(mongo);
  const topUps = await ofUser.find({ userId }).sort({ createdAt: -1 }).limit(mostTopUps).lean<TopUpDocument[]>();
  const { deliveries } = webhookModels(mongo);
  const events: PlayedEvent[] = [];
  const rewound = new Set<string>();
  const payments = new Map<string, MadeUpPayment>();
  const named = new Map<string, string>();
  const at = new Date();
  for (const [index, event] of input.events.entries()) {
    if (event.deliveryId) {
      const delivery = await deliveries.findById(event.deliveryId).lean<DeliveryDocument>();
      const topUp =
        delivery && topUps.find(({ _id, providerRef }) => [_id, providerRef].some((name) => name && delivery.body.includes(`"${name}"`)));
      if (!delivery || !topUp || delivery.provider === 'cloudinary')
        throw new Problem('not-found', `There is no delivery ${event.deliveryId} of a top-up of this user`);
      rewound.add(topUp._id);
      const { provider, type, body } = delivery;
      named.set(event.deliveryId, topUp._id);
      events.push({ name: event.deliveryId, provider, type, body });
      continue;
    }
    const { provider = 'stripe', payment: name = 'payment', amount = 1 } = event;
    const key = `${provider}:${name}`;
    const payment = payments.get(key) ?? { topUpId: newId(), paid: amount, currency: event.currency ?? currency };
    if (!payments.has(key)) {
      payments.set(key, payment);
      topUps.push({
        _id: payment.topUpId,
        userId,
        amount,
        currency,
        provider,
        status: 'pending',
        refunded: 0,
        createdAt: at,
      } as TopUpDocument);
    }
    const played = madeUpEvent(event, { place: index, at, payment: { ...payment, currency: event.currency ?? currency } });
    named.set(played.name, payment.topUpId);
    events.push(played);
  }
  // The captured events come anew: what they brought was not there before them. What has been spent of it is taken for given.
  const brought = topUps
    .filter(({ _id, currency: of }) => rewound.has(_id) && of === currency)
    .reduce((sum, { amount, refunded }) => sum + amount - refunded, 0);
  const ofEvents = new Set(named.values());
  const asBefore = topUps
    .filter(({ _id }) => ofEvents.has(_id))
    .map((topUp): TopUpDocument => {
      if (!rewound.has(topUp._id)) return topUp;
      const { creditedAt: _, failureReason: __, ...rest } = topUp;
      return { ...rest, status: 'pending', refunded: 0 } as TopUpDocument;
    });
  return { userId, email, currency, balance: Math.max(0, balance - brought), held, topUps: asBefore, events, named };
}

/** The wallet's content comes by an adjustment and a hold, so that the copy's ledger is a whole one. */
export async function furnish(
  { mongo, unitOfWork, wallet }: Sandbox,
  { userId, email, currency, balance, held, topUps }: Opening,
): Promise<void> {
  await mongo.db.collection<{ _id: string; email: string }>('users').insertOne({ _id: userId, email });
  if (topUps.length > 0) await walletModels(mongo).topUps.insertMany(topUps);
  const content = { key: 'opening', userId, currency, description: 'What the account had' };
  await unitOfWork.run({ actor: null }, async (tx) => {
    if (balance + held > 0) await wallet.wallet.adjust(tx, { ...content, amount: balance + held });
    if (held > 0) await wallet.wallet.hold(tx, { ...content, amount: held });
  });
}
