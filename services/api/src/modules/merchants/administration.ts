import { Problem, type MerchantPatch, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { checkIfMatch } from '../../http/etag.js';
import type { Logos } from './logos.js';
import { isMember } from './members.js';
import type { MerchantDocument, MerchantModels } from './merchants.model.js';
import { viewForAdmins } from './merchants.presenter.js';
import type { MerchantFields, Merchants } from './merchants.service.js';
import type { OpenMatters } from './open-matters.js';
import type { SellingService } from './selling.service.js';

/** What administrators change of merchants; adding one is `Merchants.create`. Each change is in the audit log. */
export interface Administration {
  /**
   * What is sent changes. Nothing new changes nothing: no version, no event. `isActive: false` suspends the merchant: orders that were placed go on,
   * new ones and scans are refused.
   * @throws Problem `not-found`, `version-mismatch`, `already-exists` (the e-mail address), `currency-mismatch` (it has items or money in the old one)
   */
  update(tx: Tx, caller: Pick<Principal, 'merchants'>, id: string, patch: MerchantPatch, ifMatch?: string): Promise<MerchantDocument>;
  /** @throws Problem `not-found`, `version-mismatch`, `merchant-in-use`, which names what is open */
  remove(tx: Tx, caller: Principal, id: string, ifMatch?: string): Promise<void>;
  /** As `update` of `isActive`, as one of many; null when it is so already. @throws Problem `not-found` */
  setActive(tx: Tx, id: string, isActive: boolean): Promise<MerchantDocument | null>;
  /** As `remove`, as one of many. @throws Problem `not-found`, `merchant-in-use` */
  removeOne(tx: Tx, id: string): Promise<MerchantDocument>;
}

export function createAdministration(options: {
  merchants: Merchants;
  models: Pick<MerchantModels, 'items'>;
  selling: Pick<SellingService, 'follow'>;
  openMatters: OpenMatters;
  logos: Pick<Logos, 'release'>;
}): Administration {
  const { merchants, models, selling, openMatters, logos } = options;

  /** Opening hours go by the time zone, and a suspended merchant is closed: what its menu shows follows. */
  const follow = async (tx: Tx, before: MerchantDocument, after: MerchantDocument): Promise<void> => {
    if (before.isActive !== after.isActive || before.timeZone !== after.timeZone) await selling.follow(tx, after);
  };

  const assertCurrencyFree = async (tx: Tx, merchant: MerchantDocument): Promise<void> => {
    const item = await models.items.exists({ merchantId: merchant._id, deletedAt: null }).session(tx.session);
    if (item || (await openMatters(tx, merchant._id)).length > 0)
      throw new Problem('currency-mismatch', `The merchant has items or money in ${merchant.currency}`);
  };

  const assertNothingOpen = async (tx: Tx, merchant: MerchantDocument): Promise<void> => {
    const errors = await openMatters(tx, merchant._id);
    if (errors.length > 0)
      throw new Problem('merchant-in-use', `Something is open: ${errors.map(({ path }) => path).join(', ')}`, { errors });
  };

  return {
    async update(tx, caller, id, patch, ifMatch) {
      const before = await merchants.get(id, tx);
      checkIfMatch(ifMatch, before.version, () => viewForAdmins(before));
      const fields = differences(before, patch);
      const changed = Object.keys(fields);
      if (changed.length === 0) return before;
      if (fields.currency !== undefined) await assertCurrencyFree(tx, before);
      const after = await merchants.change(tx, before, fields, { byAdmin: !isMember(caller, id) });
      await tx.audit({
        action: 'merchant.update',
        target: `merchant:${id}`,
        details: { changed, ...activity(fields) },
        before: viewForAdmins(before),
        after: viewForAdmins(after),
      });
      await follow(tx, before, after);
      return after;
    },

    async remove(tx, caller, id, ifMatch) {
      const merchant = await merchants.get(id, tx);
      checkIfMatch(ifMatch, merchant.version, () => viewForAdmins(merchant));
      await assertNothingOpen(tx, merchant);
      await tx.audit({
        action: 'merchant.delete',
        target: `merchant:${id}`,
        details: { name: merchant.name },
        before: viewForAdmins(merchant),
        after: null,
      });
      await logos.release(tx, merchant);
      await merchants.remove(tx, merchant, { byAdmin: !isMember(caller, id) });
    },

    async setActive(tx, id, isActive) {
      const before = await merchants.get(id, tx);
      if (before.isActive === isActive) return null;
      const after = await merchants.change(tx, before, { isActive }, { byAdmin: true, bulk: true });
      await follow(tx, before, after);
      return after;
    },

    async removeOne(tx, id) {
      const merchant = await merchants.get(id, tx);
      await assertNothingOpen(tx, merchant);
      await logos.release(tx, merchant);
      return merchants.remove(tx, merchant, { byAdmin: true, bulk: true });
    },
  };
}

/** null is sent for what need not be there any more, which is kept as nothing at all. */
function differences(before: MerchantDocument, patch: MerchantPatch): MerchantFields {
  const sent = Object.entries(patch).filter(([, value]) => value !== undefined);
  const wanted = sent.map(([field, value]) => [field, value ?? undefined] as const);
  return Object.fromEntries(wanted.filter(([field, value]) => before[field as keyof MerchantDocument] !== value));
}

const activity = ({ isActive }: MerchantFields): { isActive?: boolean } => (isActive === undefined ? {} : { isActive });
