import { feeds, isAdmin, routes, type Principal } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import type { Administration } from './administration.js';
import type { MerchantDirectory } from './directory.js';
import type { Items } from './items.js';
import { presentInvitation } from './invitation-records.js';
import type { Invitations } from './invitations.js';
import type { Logos } from './logos.js';
import type { Members } from './members.js';
import type { MerchantDocument } from './merchants.model.js';
import { presentItem, presentMerchant, presentSelling, viewForAdmins } from './merchants.presenter.js';
import type { Merchants } from './merchants.service.js';
import type { SellingService } from './selling.service.js';

const merchantsFeed = ({ caller }: { caller: Principal }) => [isAdmin(caller.roles) ? feeds.merchantsAdmin : feeds.merchants];
const menuFeed = ({ params }: { params: { id: string } }) => [feeds.menu(params.id)];

const view = (merchant: MerchantDocument, caller: Principal) =>
  isAdmin(caller.roles) ? viewForAdmins(merchant) : presentMerchant(merchant);

export function merchantRoutes(parts: {
  merchants: Merchants;
  administration: Administration;
  directory: MerchantDirectory;
  logos: Logos;
  invitations: Invitations;
  members: Members;
  items: Items;
  selling: SellingService;
}): RouteBinding[] {
  const { merchants, administration, directory, logos, invitations, members, items, selling } = parts;
  const contract = routes.merchants;
  return [
    write(contract.create, async ({ tx, caller, body }) => view(await merchants.create(tx, body), caller)),
    write(contract.update, async ({ tx, caller, params, body, ifMatch }) =>
      view(await administration.update(tx, caller, params.id, body, ifMatch), caller),
    ),
    write(contract.remove, async ({ tx, caller, params, ifMatch }) => administration.remove(tx, caller, params.id, ifMatch)),
    read(contract.list, async ({ caller, query }) => presentPage(await directory.list(query), (merchant) => view(merchant, caller)), {
      feeds: merchantsFeed,
    }),
    read(contract.get, async ({ caller, params }) => view(await merchants.get(params.id), caller), { feeds: merchantsFeed }),
    write(contract.setLogo, async ({ tx, caller, params, body, ifMatch }) =>
      view(await logos.set(tx, caller, params.id, body, ifMatch), caller),
    ),
    write(contract.invite, async ({ tx, caller, params, body }) => invitations.invite(tx, caller, params.id, body)),
    write(contract.resendInvitation, async ({ tx, caller, params }) => invitations.resend(tx, caller, params.id, params.invitationId)),
    read(
      contract.listInvitations,
      async ({ caller, params, query }) => presentPage(await invitations.list(caller, params.id, query), presentInvitation),
      { feeds: ({ params }) => [feeds.merchant(params.id)] },
    ),
    write(contract.revokeInvitation, async ({ tx, caller, params }) => invitations.revoke(tx, caller, params.id, params.invitationId)),
    read(contract.listMyInvitations, async ({ caller, query }) => presentPage(await invitations.mine(caller, query), presentInvitation), {
      feeds: ({ caller }) => [feeds.user(caller.userId)],
    }),
    write(contract.decideInvitation, async ({ tx, caller, body }) => presentInvitation(await invitations.decide(tx, caller, body))),
    read(contract.listMembers, async ({ caller, params, query }) => {
      await merchants.get(params.id);
      const { page, nextCursor } = await members.list(caller, params.id, query);
      return { items: page, nextCursor };
    }),
    write(contract.addMember, async ({ tx, caller, params, body }) => {
      await merchants.get(params.id, tx);
      return members.add(tx, caller, params.id, body);
    }),
    write(contract.removeMember, async ({ tx, caller, params }) => {
      await merchants.get(params.id, tx);
      await members.remove(tx, caller, params.id, params.userId);
    }),
    read(contract.getSelling, async ({ params }) => presentSelling(await selling.get(params.id)), { feeds: menuFeed }),
    write(contract.updateSelling, async ({ tx, caller, params, body, ifMatch }) =>
      presentSelling(await selling.update(tx, caller, params.id, body, ifMatch)),
    ),
    write(contract.pause, async ({ tx, caller, params, body, ifMatch }) =>
      presentSelling(await selling.pause(tx, caller, params.id, body, ifMatch)),
    ),
    write(contract.resume, async ({ tx, caller, params, ifMatch }) => presentSelling(await selling.resume(tx, caller, params.id, ifMatch))),
    read(contract.listItems, async ({ params, query }) => presentPage(await items.list(params.id, query), presentItem), {
      feeds: menuFeed,
    }),
    write(contract.createItem, async ({ tx, caller, params, body }) => presentItem(await items.create(tx, caller, params.id, body))),
    read(contract.getItem, async ({ params }) => presentItem(await items.get(params.id, params.itemId)), { feeds: menuFeed }),
    write(contract.updateItem, async ({ tx, caller, params, body, ifMatch }) =>
      presentItem(await items.update(tx, caller, params.id, params.itemId, body, ifMatch)),
    ),
    write(contract.deleteItem, async ({ tx, caller, params, ifMatch }) => items.remove(tx, caller, params.id, params.itemId, ifMatch)),
  ];
}
