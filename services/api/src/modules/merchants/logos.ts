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

  return {
    release,

    async set(tx, caller, merchantId, { fileId }, ifMatch) {
      const merchant = await merchants.get(merchantId, tx);
      await members.assertOwner(tx, caller, merchantId, { action: 'merchant.logo', details: { fileId } });
      checkIfMatch(ifMatch, merchant.version, () => presentMerchant(merchant));
      if ((merchant.logo?.fileId ?? null) === fileId) return merchant;
      const file = fileId === null ? null : await files.use(tx, caller, fileId, user(merchantId));
      await release(tx, merchant);
      const logo = file ? { fileId: file._id, width: file.width, height: file.height } : undefined;
      return merchants.change(tx, merchant, { logo }, { byAdmin: !isMember(caller, merchantId) });
    },
  };
}
