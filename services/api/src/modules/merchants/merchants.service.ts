import { Problem, type MerchantInput } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { isDuplicateKey, newId, type Mongo } from '@tidings/platform';
import type { SubscriptionRecords } from '../entitlements/index.js';
import { nameKeyOf } from '../../names.js';
import { prefixesOf } from './directory.js';
import type { MerchantDocument, MerchantModels } from './merchants.model.js';
import { presentContacts, presentMerchant, viewForAdmins } from './merchants.presenter.js';

/** What of a merchant may change; undefined takes away what need not be there. */
export type MerchantFields = Partial<
  Pick<MerchantDocument, 'name' | 'ownerName' | 'email' | 'isActive' | 'currency' | 'timeZone'> &
    Record<'phone' | 'address' | 'description' | 'category', string | undefined> & { logo: MerchantDocument['logo'] | undefined }
>;

/** Whom a change is told, beside the directory. `bulk`: it is one of many, which are told together. */
interface Told {
  byAdmin: boolean;
  bulk?: true;
}

/** Is told, in the transaction, of a merchant that has another name from now on. */
export type NameFollower = (tx: Tx, merchant: MerchantDocument) => Promise<void>;

export interface Merchants {
  /** @throws Problem `already-exists` when there is one with this e-mail address */
  create(tx: Tx, input: MerchantInput): Promise<MerchantDocument>;
  /** @throws Problem `not-found`, also for a deleted one */
  get(id: string, tx?: Tx): Promise<MerchantDocument>;
  /** As `get`, with null for one that does not exist or was deleted. */
  find(id: string, tx?: Tx): Promise<MerchantDocument | null>;
  /** The one that has this e-mail address; null where none has. */
  findByEmail(email: string, tx: Tx): Promise<MerchantDocument | null>;
  /** Stores the fields and tells of them. @throws Problem `already-exists` (the e-mail address), `version-mismatch` */
  change(tx: Tx, merchant: MerchantDocument, fields: MerchantFields, told: Told): Promise<MerchantDocument>;
  /** Takes it off the directory, whatever is open there; its address is free again, and its subscription is closed. @throws Problem `version-mismatch` */
  remove(tx: Tx, merchant: MerchantDocument, told: Told): Promise<MerchantDocument>;
  /** Notes whether its subscription lets it sell and scan; undefined: it does. Answers with the merchant as it is then. */
  setStopped(tx: Tx, id: string, by: MerchantDocument['stoppedBy']): Promise<MerchantDocument | null>;
  /** Notes whether paid orders earn points there. Of two changes of its programs at once, one runs again and sees the other. */
  markOrdersEarn(tx: Tx, id: string, earn: boolean): Promise<void>;
  /** Those of whom nothing was noted yet: their programs are older than the note. */
  withoutOrdersEarn(ids: readonly string[]): Promise<string[]>;
}

export function createMerchants(options: {
  mongo: Mongo;
  models: Pick<MerchantModels, 'merchants'>;
  subscriptions: Pick<SubscriptionRecords, 'begin' | 'close'>;
  renamed: NameFollower;
  defaultCurrency: string;
  defaultTimeZone: string;
}): Merchants {
  const { mongo, models, subscriptions, renamed, defaultCurrency, defaultTimeZone } = options;
  const { merchants } = models;
  const users = mongo.db.collection<{ _id: string; email: string }>('users');

  const find: Merchants['find'] = (id, tx) =>
    merchants.findOne({ _id: id, deletedAt: null }, null, { session: tx?.session ?? null }).lean<MerchantDocument>();

  const announce = async (
    tx: Tx,
    type: 'merchant-created' | 'merchant-updated' | 'merchant-deleted',
    merchant: MerchantDocument,
    told: Told,
  ): Promise<void> => {
    const admin =
      tx.actor === null || told.bulk ? null : await users.findOne({ _id: tx.actor }, { session: tx.session, projection: { email: 1 } });
    const data = { merchantId: merchant._id, merchant: presentMerchant(merchant), contacts: presentContacts(merchant) };
    tx.emit(type, { ...data, ...(admin ? { adminEmail: admin.email } : {}) }, { merchantId: merchant._id, ...told });
  };

  const assertFree = async (tx: Tx, emailKey: string): Promise<void> => {
    if (await merchants.exists({ emailKey }).session(tx.session)) throw taken();
  };

  const write = async (
    tx: Tx,
    merchant: MerchantDocument,
    { $set, $unset }: { $set: Partial<MerchantDocument>; $unset: Partial<Record<keyof MerchantDocument, 1>> },
  ): Promise<MerchantDocument> => {
    const changed = await merchants
      .findOneAndUpdate(
        { _id: merchant._id, version: merchant.version, deletedAt: null },
        { $set: { ...$set, updatedAt: tx.now }, ...(Object.keys($unset).length > 0 ? { $unset } : {}), $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<MerchantDocument>()
      .catch(asTaken);
    if (!changed) throw new Problem('version-mismatch', undefined, { current: viewForAdmins(merchant) });
    return changed;
  };

  return {
    find,

    findByEmail: (email, { session }) => merchants.findOne({ emailKey: email.toLowerCase() }, null, { session }).lean<MerchantDocument>(),

    async create(tx, input) {
      const { name, email, isActive = true, currency = defaultCurrency, timeZone = defaultTimeZone, ...more } = input;
      const emailKey = email.toLowerCase();
      await assertFree(tx, emailKey);
      const merchant: MerchantDocument = {
        _id: newId(),
        name,
        email,
        ...withoutUndefined(more),
        isActive,
        currency,
        timeZone,
        emailKey,
        nameKey: nameKeyOf(name),
        prefixes: prefixesOf(name),
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
        deletedAt: null,
      };
      await merchants.insertMany([merchant], { session: tx.session }).catch(asTaken);
      await tx.audit({
        action: 'merchant.create',
        target: `merchant:${merchant._id}`,
        details: { name },
        before: null,
        after: viewForAdmins(merchant),
      });
      await announce(tx, 'merchant-created', merchant, { byAdmin: true });
      await subscriptions.begin(tx, merchant);
      return merchant;
    },

    async get(id, tx) {
      const merchant = await find(id, tx);
      if (!merchant) throw new Problem('not-found', 'There is no such merchant');
      return merchant;
    },

    async change(tx, merchant, fields, told) {
      const { name, email } = fields;
      const emailKey = email?.toLowerCase();
      if (emailKey !== undefined && emailKey !== merchant.emailKey) await assertFree(tx, emailKey);
      const gone = Object.keys(fields).filter((field) => fields[field as keyof MerchantFields] === undefined);
      const changed = await write(tx, merchant, {
        $set: {
          ...(withoutUndefined(fields) as Partial<MerchantDocument>),
          ...(emailKey === undefined ? {} : { emailKey }),
          ...(name === undefined ? {} : { nameKey: nameKeyOf(name), prefixes: prefixesOf(name) }),
        },
        $unset: Object.fromEntries(gone.map((field) => [field, 1])),
      });
      await announce(tx, 'merchant-updated', changed, told);
      if (changed.name !== merchant.name) await renamed(tx, changed);
      return changed;
    },

    async remove(tx, merchant, told) {
      const removed = await write(tx, merchant, { $set: { deletedAt: tx.now }, $unset: { emailKey: 1, prefixes: 1 } });
      await announce(tx, 'merchant-deleted', removed, told);
      await subscriptions.close(tx, removed);
      return removed;
    },

    setStopped: (tx, id, by) =>
      merchants
        .findOneAndUpdate({ _id: id, deletedAt: null }, by ? { $set: { stoppedBy: by } } : { $unset: { stoppedBy: 1 } }, {
          session: tx.session,
          returnDocument: 'after',
        })
        .lean<MerchantDocument>(),

    async withoutOrdersEarn(ids) {
      const found = await merchants.find({ _id: { $in: ids }, ordersEarn: { $exists: false } }, { _id: 1 }).lean<{ _id: string }[]>();
      return found.map(({ _id }) => _id);
    },

    async markOrdersEarn(tx, id, earn) {
      await merchants.updateOne({ _id: id }, { $set: { ordersEarn: earn }, $inc: { programsVersion: 1 } }, { session: tx.session });
    },
  };
}

const taken = (): Problem => new Problem('already-exists', 'There is a merchant with this e-mail address');

function asTaken(error: unknown): never {
  throw isDuplicateKey(error, 'merchants') ? taken() : error;
}

function withoutUndefined<T extends object>(fields: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
}
