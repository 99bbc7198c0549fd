import type { Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { checkIfMatch } from '../../http/etag.js';
import type { Files } from '../files/index.js';
import { isMember, type Members } from './members.js';
import type { MerchantDocument } from './merchants.model.js';
import { presentMerchant } from './merchants.presenter.js';
import type { Merchants } from './merchants.service.js';

export interface Logos {
  /** @throws Problem `not-found` (the merchant, a file of the caller's), `forbidden`, `already-exists` (the file is in use), `version-mismatch` */
  set(tx: Tx, caller: Principal, merchantId: string, input: { fileId: string | null }, ifMatch?: string): Promise<MerchantDocument>;
  /** As `set`, by who may. @throws Problem `not-found` (a file of that user), `already-exists` (the file is in use) */
  replace(
    tx: Tx,
    caller: Pick<Principal, 'merchants'>,
    merchant: MerchantDocument,
    file: { fileId: string | null; userId: string },
  ): Promise<MerchantDocument>;
  /** Of a merchant that goes away. */
  release(tx: Tx, merchant: MerchantDocument): Promise<void>;
}

const user = (merchantId: string): string => `merchant:${merchantId}`;

export function createLogos(parts: {
  merchants: Merchants;
  members: Pick<Members, 'assertOwner'>;
  files: Pick<Files, 'use' | 'release'>;
}): Logos {
  const { merchants, members, files } = parts;

  const release: Logos['release'] = async (tx, { _id, logo }) => {
    if (logo) await files.release(tx, logo.fileId, user(_id));
  };

  const replace: Logos['replace'] = async (tx, caller, merchant, { fileId, userId }) => {
    const file = fileId === null ? null : await files.use(tx, { userId }, fileId, user(merchant._id));
    await release(tx, merchant);
    const logo = file ? { fileId: file._id, width: file.width, height: file.height } : undefined;
    return merchants.change(tx, merchant, { logo }, { byAdmin: !isMember(caller, merchant._id) });
  };

  return {
    release,
    replace,

    async set(tx, caller, merchantId, { fileId }, ifMatch) {
      const merchant = await merchants.get(merchantId, tx);
      await members.assertOwner(tx, caller, merchantId, { action: 'merchant.logo', details: { fileId } });
      checkIfMatch(ifMatch, merchant.version, () => presentMerchant(merchant));
      if ((merchant.logo?.fileId ?? null) === fileId) return merchant;
      const changed = await replace(tx, caller, merchant, { fileId, userId: caller.userId });
      tx.auditChange({ before: presentMerchant(merchant), after: presentMerchant(changed) });
      return changed;
    },
  };
}
