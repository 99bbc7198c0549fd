import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createEntitlements, type Entitlements } from '../entitlements/index.js';
import type { FilesModule } from '../files/index.js';
import { createMemberships } from '../identity/index.js';
import { createAdministration, type Administration } from './administration.js';
import { createDirectory, type MerchantDirectory } from './directory.js';
import { createItems, type Items } from './items.js';
import { invitationModels } from './invitations.model.js';
import { createInvitationRecords } from './invitation-records.js';
import { createInvitations, invitationJobKind, type Invitations } from './invitations.js';
import { createLogos, type Logos } from './logos.js';
import { createMembers, type Members } from './members.js';
import { createMenus, type Menus } from './menus.js';
import { merchantModels } from './merchants.model.js';
import { merchantRoutes } from './merchants.routes.js';
import { createMerchants, type Merchants, type NameFollower } from './merchants.service.js';
import { createOpenMatters } from './open-matters.js';
import { sellingModels } from './selling.model.js';
import { createSelling, sellingJobKind, type SellingService } from './selling.service.js';

export type { Items } from './items.js';
export { assertMayChange, assertMayLook, assertMember, isMember, type Members } from './members.js';
export type { ItemDocument, MerchantDocument } from './merchants.model.js';
export { presentItem, presentMerchant } from './merchants.presenter.js';
export type { MerchantDirectory } from './directory.js';
export type { Menus } from './menus.js';
export type { Merchants, NameFollower } from './merchants.service.js';
export type { SellingService } from './selling.service.js';
export { assertTrading, mayTrade } from './standing.js';

export interface MerchantsModule extends ApiModule {
  entitlements: Entitlements;
  merchants: Merchants;
  administration: Administration;
  directory: MerchantDirectory;
  members: Members;
  invitations: Invitations;
  logos: Logos;
  items: Items;
  menus: Menus;
  selling: SellingService;
}

export function merchantsModule(
  { config, mongo, unitOfWork }: Pick<Context, 'config' | 'mongo' | 'unitOfWork'>,
  { files, renamed }: Pick<FilesModule, 'files'> & { renamed: NameFollower },
): MerchantsModule {
  const models = { ...merchantModels(mongo), ...sellingModels(mongo) };
  const entitlements = createEntitlements({ config, mongo });
  const merchants = createMerchants({
    mongo,
    models,
    subscriptions: entitlements.records,
    renamed,
    defaultCurrency: config.DEFAULT_CURRENCY,
    defaultTimeZone: 'UTC',
  });
  const memberships = createMemberships(mongo);
  const invited = invitationModels(mongo);
  const records = createInvitationRecords(invited);
  const members = createMembers(mongo, memberships, models, entitlements.limits, records);
  const items = createItems({ models, merchants, limits: entitlements.limits });
  const selling = createSelling({ models, merchants, unitOfWork });
  const logos = createLogos({ merchants, members, files });
  const invitations = createInvitations({ mongo, models: invited, records, memberships, members, merchants, unitOfWork });
  const administration = createAdministration({ merchants, models, selling, openMatters: createOpenMatters(mongo), logos });
  const directory = createDirectory(models);
  return {
    entitlements,
    merchants,
    administration,
    directory,
    members,
    invitations,
    logos,
    items,
    menus: createMenus(models, items),
    selling,
    routes: merchantRoutes({ merchants, administration, directory, logos, invitations, members, items, selling }),
    jobs: { [sellingJobKind]: selling.turn, [invitationJobKind]: invitations.expire },
    async start() {
      await ensureIndexes({ ...models, ...invited, ...entitlements.models });
      await directory.prepare();
    },
  };
}
