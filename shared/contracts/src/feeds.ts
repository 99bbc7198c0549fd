import { isAdmin, roles, type Role } from './roles.js';

/** Who asks: a user with a live session. `merchants` are the merchants that the user is a member of. */
export interface Principal {
  userId: string;
  sessionId: string;
  roles: readonly Role[];
  merchants: readonly string[];
  /** Where whoever asked wants it, too. */
  name?: string;
  /** Where the request came from, for the audit log. */
  from?: { ip: string; userAgent: string };
  /** Of a machine that called with an API key; `userId` is then `keyActor(keyId)`, and no user's. */
  keyId?: string;
}

export const feeds = {
  user: (id: string) => `user:${id}`,
  order: (id: string) => `order:${id}`,
  /** Of a payment request: what customer and merchant see of one payment at the counter. */
  payment: (id: string) => `payment:${id}`,
  booking: (id: string) => `booking:${id}`,
  conversation: (id: string) => `conversation:${id}`,
  merchant: (id: string) => `merchant:${id}`,
  menu: (merchantId: string) => `merchant:${merchantId}:menu`,
  plan: (id: string) => `plan:${id}`,
  plans: 'plans',
  plansAdmin: 'plans:admin',
  merchants: 'merchants',
  merchantsAdmin: 'merchants:admin',
  admin: 'admin',
  announcements: 'announcements',
  announcementsFor: (role: Role) => `announcements:${role}`,
} as const;

/**
 * `allow` and `deny` follow from the name alone; `granted` needs the grant that the domain wrote beside the thing
 * (its containers: whoever may follow one of those may follow this feed).
 */
export type FeedRule = 'allow' | 'deny' | 'granted';

const id = '([A-Za-z0-9_-]{1,64})';
interface FeedKind {
  pattern: RegExp;
  rule: (who: Principal, id: string) => FeedRule;
  /** Feeds that hold every entry of this one, as far as the name tells. */
  within?: readonly string[];
  /** An administrator who follows it is written to the audit log. */
  audited?: true;
}

const allowIf = (condition: boolean): FeedRule => (condition ? 'allow' : 'deny');
const anyLogin = (): FeedRule => 'allow';
const adminOnly = (who: Principal): FeedRule => allowIf(isAdmin(who.roles));

const kinds: readonly FeedKind[] = [
  { pattern: new RegExp(`^user:${id}$`), rule: (who, of) => allowIf(of === who.userId || isAdmin(who.roles)), audited: true },
  {
    pattern: new RegExp(`^(?:order|payment|booking|conversation):${id}$`),
    rule: (who) => (isAdmin(who.roles) ? 'allow' : 'granted'),
    audited: true,
  },
  { pattern: new RegExp(`^merchant:${id}$`), rule: (who, of) => allowIf(who.merchants.includes(of) || isAdmin(who.roles)) },
  { pattern: new RegExp(`^merchant:${id}:menu$`), rule: anyLogin },
  { pattern: new RegExp(`^plan:${id}$`), rule: anyLogin, within: ['plans', 'plans:admin'] },
  { pattern: /^plans$/, rule: anyLogin, within: ['plans:admin'] },
  { pattern: /^merchants$/, rule: anyLogin, within: ['merchants:admin'] },
  { pattern: /^plans:admin$/, rule: adminOnly },
  { pattern: /^merchants:admin$/, rule: adminOnly },
  { pattern: /^admin$/, rule: adminOnly },
  { pattern: /^announcements$/, rule: anyLogin },
  // Everybody is a customer: `announcements` has what is for them.
  { pattern: /^announcements:customer$/, rule: anyLogin, within: ['announcements'] },
  {
    pattern: new RegExp(`^announcements:(${roles.join('|')})$`),
    rule: (who, role) => allowIf(who.roles.includes(role as Role) || isAdmin(who.roles)),
  },
];

function kindOf(feed: string): { kind: FeedKind; id: string } | undefined {
  for (const kind of kinds) {
    const match = kind.pattern.exec(feed);
    if (match) return { kind, id: match[1] ?? '' };
  }
  return undefined;
}

/** Whether the name is one that a feed can have. */
export function isFeedName(feed: string): boolean {
  return kindOf(feed) !== undefined;
}

/** The rule for this feed and person; a name that no feed can have is denied. */
export function feedRule(who: Principal, feed: string): FeedRule {
  const found = kindOf(feed);
  return found ? found.kind.rule(who, found.id) : 'deny';
}

/** Feeds that, by their name, hold every entry of `feed`. */
export function feedsAround(feed: string): readonly string[] {
  return kindOf(feed)?.kind.within ?? [];
}

/** Whether following it must be written to the audit log: somebody else's private feed, followed by an administrator. */
export function isAuditedFollow(who: Principal, feed: string, isParty: boolean): boolean {
  const found = kindOf(feed);
  return found?.kind.audited === true && !isParty && feed !== feeds.user(who.userId);
}

const anybody: Principal = { userId: '', sessionId: '', roles: roles.filter((role) => !isAdmin([role])), merchants: [] };

/** Whether only few may follow it: a person's, a merchant's, an order's, the administrators'. */
export function isFeedOfFew(feed: string): boolean {
  return feedRule(anybody, feed) !== 'allow';
}

/** What a connection follows without asking. */
export function ownFeeds(who: Principal): string[] {
  const admin = isAdmin(who.roles);
  return [
    feeds.user(who.userId),
    feeds.announcements,
    ...who.roles.filter((role) => role !== 'customer').map(feeds.announcementsFor),
    admin ? feeds.merchantsAdmin : feeds.merchants,
    admin ? feeds.plansAdmin : feeds.plans,
    ...who.merchants.map(feeds.merchant),
    ...(admin ? [feeds.admin] : []),
  ];
}
