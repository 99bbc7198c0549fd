import { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { PipelineStage } from 'mongoose';
import type { AccountDocument, AccountKind, LedgerModels, PostingDocument, TransferDocument, TransferFacts } from './wallet.model.js';

/** An account by its name; it comes into being with its first posting. */
export interface AccountRef {
  kind: AccountKind;
  ownerId: string;
  currency: string;
}

export interface Leg {
  account: AccountRef;
  /** Signed minor units. */
  amount: number;
  /** Keeps a merchant's balance with this credit as it is with debits. For what is rare: payments of a busy merchant would all conflict. */
  atOnce?: true;
}

/** `Facts`: what each transfer and posting says of itself. */
export type NewTransfer<Facts = TransferFacts> = Facts & {
  /** Names the transfer for ever: a second one with the same key changes nothing. */
  key: string;
  /** The key was made in this very transaction, so that nobody can have used it: saves the look for a first one. */
  isNew?: true;
  legs: readonly Leg[];
};

/** How the balance of one account moved. */
export interface BalanceChange<Facts = TransferFacts> {
  account: AccountDocument;
  amount: number;
  oldBalance: number;
  newBalance: number;
  /** What moved it; a roll-up stands for many. */
  posting?: PostingDocument<Facts>;
}

export interface Posted<Facts = TransferFacts> {
  transfer: TransferDocument<Facts>;
  /** The key existed: the transfer answered is the first one, and nothing was changed. */
  replayed: boolean;
  /**
   * In the order of the legs; accounts whose balance follows by roll-up are missing, unless they were debited. A user's `held` follows the
   * `hold` account: where only that was moved, the user's change has amount 0 and no posting.
   */
  changes: BalanceChange<Facts>[];
}

export interface RollUp {
  change: BalanceChange;
  postings: number;
}

export interface Ledger<Facts = TransferFacts> {
  /**
   * Books a transfer in the caller's transaction.
   * @throws Problem `insufficient-funds` when a user's or merchant's balance does not cover a debit; `currency-mismatch` when the legs
   *   do not share one currency
   */
  post(tx: Tx, transfer: NewTransfer<Facts>): Promise<Posted<Facts>>;
  /** Brings an account's balance up to date with its postings; null when it was. */
  rollUp(tx: Tx, accountId: string): Promise<RollUp | null>;
  /** What these accounts have together, with the postings that no roll-up has included; nothing is written. */
  total(tx: Tx, accountIds: readonly string[]): Promise<number>;
  /** Accounts with postings that no roll-up has included. */
  waiting(): Promise<string[]>;
}

export interface LedgerOptions {
  /** The administrators' feed has nothing to tell of these transfers. */
  told?: true;
}

export const accountId = ({ kind, ownerId, currency }: AccountRef): string => `${kind}:${ownerId}:${currency}`;

/** A user's accounts are written by that user's payments alone, so their balance can be kept with each posting. Debts are rare. */
const isImmediate = (kind: AccountKind): boolean => kind === 'user' || kind === 'hold' || kind === 'receivable';

/** What the world outside owes and is owed may be any number; nobody here spends what they do not have. */
export const isGuarded = (kind: AccountKind): boolean => kind === 'user' || kind === 'merchant' || kind === 'hold';

/** What one roll-up takes at most; the next one takes the rest. */
const rollUpBatch = 2_000;

/**
 * Double entry. The balance of a user's account is guarded and updated with each posting. Accounts that many payments share (merchants,
 * providers) get only a posting in the payment's transaction: updating one document in each would make all of them conflict.
 */
export function createLedger<Facts extends object = TransferFacts>(
  models: LedgerModels<Facts>,
  options: LedgerOptions = {},
): Ledger<Facts> {
  // Mongoose's types cannot follow a type parameter. Inside, the facts are those of money, and only handed on.
  return ledgerOn(models as unknown as LedgerModels, options) as unknown as Ledger<Facts>;
}

function ledgerOn({ accounts, transfers, postings }: LedgerModels, { told }: LedgerOptions): Ledger {
  async function post(tx: Tx, transfer: NewTransfer): Promise<Posted> {
    const currency = assertBalanced(transfer);
    const { session, now } = tx;
    const { key, isNew, legs, ...facts } = transfer;
    const first = isNew ? null : await transfers.findById(key, null, { session }).lean<TransferDocument>();
    if (first) return { transfer: first, replayed: true, changes: [] };

    const document: TransferDocument = {
      ...facts,
      ...outline(legs),
      _id: key,
      currency,
      at: now,
      ...(told ? {} : { untold: true }),
      tx: tx.id,
    };
    await transfers.insertMany([document], { session, lean: true });

    const written: PostingDocument[] = [];
    const changes: BalanceChange[] = [];
    const setAside = heldByUser(legs);
    for (const { account, amount, atOnce } of legs) {
      const posting = { ...facts, _id: newId(), account: accountId(account), transferId: key, amount, currency, at: now };
      if (isImmediate(account.kind) || (account.kind === 'merchant' && (amount < 0 || atOnce))) {
        const change = await move(tx, account, amount, setAside.take(account));
        const settled = { ...posting, at: change.account.lastAt, balanceAfter: change.newBalance, accountVersion: change.account.version };
        written.push(settled);
        if (account.kind === 'user' || account.kind === 'merchant') changes.push({ ...change, posting: settled });
        if (account.kind === 'receivable') await touchOwner(tx, account);
      } else {
        written.push({ ...posting, pending: true });
      }
    }
    for (const [account, held] of setAside.rest()) changes.push(await move(tx, account, 0, held));
    await postings.insertMany(written, { session, lean: true });
    return { transfer: document, replayed: false, changes };
  }

  async function move(tx: Tx, ref: AccountRef, amount: number, held = 0): Promise<BalanceChange> {
    const _id = accountId(ref);
    const debit = amount < 0 && isGuarded(ref.kind);
    const account = await accounts
      .findOneAndUpdate(debit ? { _id, balance: { $gte: -amount } } : { _id }, step(ref, { amount, held }, tx.now), {
        session: tx.session,
        upsert: !debit,
        updatePipeline: true,
        returnDocument: 'after',
      })
      .lean<AccountDocument>();
    if (account) return changeOf(account, amount);
    if (debit) throw new Problem('insufficient-funds');
    throw new Error(`The account ${_id} was neither found nor made`);
  }

  /**
   * Whoever brings money into a balance reads what its owner owes: this makes the two meet in one document, where else each would see only
   * the time before the other.
   */
  async function touchOwner(tx: Tx, debt: AccountRef): Promise<void> {
    const owners = (['user', 'merchant'] as const).map((kind) => accountId({ ...debt, kind }));
    await accounts.updateMany({ _id: { $in: owners } }, { $inc: { debtChanges: 1 } }, { session: tx.session });
  }

  async function rollUp(tx: Tx, id: string): Promise<RollUp | null> {
    const { session } = tx;
    const open = await postings
      .find({ account: id, pending: true }, { amount: 1 }, { session })
      .limit(rollUpBatch)
      .lean<PostingDocument[]>();
    if (open.length === 0) return null;
    // Marked by id: only what was summed may count as included. A second roll-up of the same postings, here or on another replica,
    // conflicts on them and finds none when it runs again.
    await postings.updateMany({ _id: { $in: open.map(({ _id }) => _id) } }, { $unset: { pending: 1 } }, { session });
    const amount = open.reduce((sum, posting) => sum + posting.amount, 0);
    return { change: await move(tx, parseAccountId(id), amount), postings: open.length };
  }

  /** Both are read as they are at one time, the transaction's: what a roll-up moves from one to the other is in one of them. */
  async function total({ session }: Tx, ids: readonly string[]): Promise<number> {
    const kept = await accounts.find({ _id: { $in: ids } }, { balance: 1 }, { session }).lean<Pick<AccountDocument, 'balance'>[]>();
    const [open] = await postings
      .aggregate<{ amount: number }>([
        { $match: { pending: true, account: { $in: ids } } },
        { $group: { _id: null, amount: { $sum: '$amount' } } },
      ])
      .session(session);
    return kept.reduce((sum, { balance }) => sum + balance, open?.amount ?? 0);
  }

  return {
    post,
    rollUp,
    total,
    waiting: () => postings.distinct('account', { pending: true }),
  };
}

/**
 * One movement of an account, which it makes when there is none. `lastAt` grows with each, whatever the clocks of the replicas say, so that
 * the account's history has one order: by time, by version, and as it was committed.
 */
function step({ kind, ownerId, currency }: AccountRef, by: { amount: number; held: number }, now: Date): PipelineStage.Set[] {
  const add = (field: string, change: number) => ({ $add: [{ $ifNull: [field, 0] }, change] });
  return [
    {
      $set: {
        kind,
        ownerId,
        currency,
        held: add('$held', by.held),
        balance: add('$balance', by.amount),
        version: add('$version', 1),
        lastAt: { $max: [now, { $add: ['$lastAt', 1] }] },
      },
    },
  ];
}

/** What the legs set aside or give back, by the user's account that shows it as `held`. */
function heldByUser(legs: readonly Leg[]) {
  const open = new Map<string, [AccountRef, number]>();
  for (const { account, amount } of legs) {
    if (account.kind !== 'hold') continue;
    const user = { ...account, kind: 'user' as const };
    open.set(accountId(user), [user, amount + (open.get(accountId(user))?.[1] ?? 0)]);
  }
  return {
    take(account: AccountRef): number {
      const held = open.get(accountId(account))?.[1] ?? 0;
      open.delete(accountId(account));
      return held;
    },
    rest: () => [...open.values()],
  };
}

/** What the transfer moved in all, and whose it is. What a user set aside or owes is the user's, too. */
function outline(legs: readonly Leg[]): Pick<TransferDocument, 'amount' | 'userId' | 'merchantId'> {
  const ownerOf = (...kinds: AccountKind[]) => legs.find(({ account }) => kinds.includes(account.kind))?.account.ownerId;
  const merchantId = ownerOf('merchant');
  const userId = ownerOf('user', 'hold') ?? (merchantId ? undefined : ownerOf('receivable'));
  return {
    amount: legs.reduce((sum, { amount }) => sum + Math.max(amount, 0), 0),
    ...(userId ? { userId } : {}),
    ...(merchantId ? { merchantId } : {}),
  };
}

function changeOf(account: AccountDocument, amount: number): BalanceChange {
  return { account, amount, oldBalance: account.balance - amount, newBalance: account.balance };
}

export function parseAccountId(id: string): AccountRef {
  const [kind, ownerId, currency] = id.split(':') as [AccountKind, string, string];
  return { kind, ownerId, currency };
}

/** A transfer that is not balanced is a fault of ours, not of the client: it must never be written. */
function assertBalanced({ key, legs }: NewTransfer): string {
  const [first] = legs;
  if (!first) throw new Error(`The transfer ${key} has no legs`);
  const { currency } = first.account;
  if (legs.some(({ account }) => account.currency !== currency)) throw new Problem('currency-mismatch');
  if (legs.some(({ amount }) => !Number.isSafeInteger(amount) || amount === 0))
    throw new Error(`The transfer ${key} has an amount that is not a whole number`);
  if (legs.reduce((sum, { amount }) => sum + amount, 0) !== 0) throw new Error(`The transfer ${key} does not sum to zero`);
  return currency;
}
