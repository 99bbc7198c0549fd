import { Problem, type SubscriptionUpdate } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { SubscriptionDocument, SubscriptionRecords } from '../entitlements/index.js';
import type { FileDocument, Files } from '../files/index.js';
import type { MerchantDocument, Merchants, MerchantsModule } from '../merchants/index.js';
import type { Subscriptions } from '../subscriptions/index.js';
import type { LinkDocument, LinkModels } from './links.model.js';
import { fetchImage } from './logo-source.js';
import type { MerchantNews, NewsOutcome } from './news.js';

/** What has to be fetched before the transaction: an image that was stored, or why there is none. */
export type Prepared = { file: FileDocument } | { refused: string } | { later: string } | null;

/** Keeps merchants as another system has them that keeps them, too. It may do what administrators may, and goes their ways. */
export interface MerchantSync {
  /** Outside of any transaction. */
  prepare(news: MerchantNews): Promise<Prepared>;
  /** Twice is once, and what is older than what is known changes nothing. */
  apply(tx: Tx, news: MerchantNews, prepared: Prepared): Promise<NewsOutcome>;
}

/** No member of any merchant: each change is an administrator's to the members, who are told. */
const machine = { merchants: [] };
const ownerOf = (merchantId: string) => ({ userId: `cloudinary:${merchantId}` });
const early: NewsOutcome = { state: 'early', reason: 'The merchant is not there yet' };
const older: NewsOutcome = { state: 'ignored', reason: 'Something newer is known' };
const nothingNew: NewsOutcome = { state: 'ignored', reason: 'There is nothing new in it' };
const processed: NewsOutcome = { state: 'processed' };

export function createMerchantSync(options: {
  models: LinkModels;
  merchants: Merchants;
  administration: Pick<MerchantsModule['administration'], 'update'>;
  logos: Pick<MerchantsModule['logos'], 'replace'>;
  records: Pick<SubscriptionRecords, 'find'>;
  subscriptions: Pick<Subscriptions, 'update'>;
  files: Pick<Files, 'store' | 'keep'>;
  /** Where images are. */
  mediaUrl: string;
}): MerchantSync {
  const { models, merchants, administration, logos, records, subscriptions, files, mediaUrl } = options;
  const { links } = models;

  /** By the other system's id; one without is our own. */
  const linkOf = async (merchant: string, tx?: Tx): Promise<LinkDocument | null> => {
    const options = { session: tx?.session ?? null };
    const link = await links.findOne({ externalId: merchant }, null, options).lean<LinkDocument>();
    if (link) return link;
    const own = await links.findById(merchant, null, options).lean<LinkDocument>();
    return own ?? ((await merchants.find(merchant, tx)) ? { _id: merchant } : null);
  };

  const note = (tx: Tx, _id: string, $set: Partial<LinkDocument>) =>
    links.updateOne({ _id }, { $set }, { session: tx.session, upsert: true });

  const create = async (tx: Tx, news: MerchantNews & { about: 'created' }): Promise<NewsOutcome> => {
    const { merchant: externalId, at: merchantAt, fields } = news;
    if (await linkOf(externalId, tx)) return { state: 'ignored', reason: 'The merchant is here already, or was deleted here' };
    const known = await merchants.findByEmail(fields.email, tx);
    if (known) {
      if (await links.exists({ _id: known._id, externalId: { $exists: true } }).session(tx.session))
        return { state: 'held', reason: 'There is another merchant with this e-mail address' };
      // The same one, as both keep one of each address. What was changed here meanwhile stays.
      await note(tx, known._id, { externalId });
      return processed;
    }
    const { _id, version: merchantVersion } = await merchants.create(tx, fields);
    await note(tx, _id, { externalId, merchantAt, merchantVersion });
    return processed;
  };

  const update = async (tx: Tx, news: MerchantNews & { about: 'updated' }, merchant: MerchantDocument, link: LinkDocument) => {
    const { at: merchantAt, fields } = news;
    if (merchantAt < newestOf(merchant, link)) return older;
    if (!fields) return nothingNew;
    const { version } = await administration.update(tx, machine, merchant._id, fields);
    await note(tx, merchant._id, { merchantAt, merchantVersion: version });
    return version === merchant.version ? nothingNew : processed;
  };

  const subscribe = async (tx: Tx, news: MerchantNews & { about: 'subscription' }, { _id }: MerchantDocument, link: LinkDocument) => {
    const { at: subscriptionAt, fields } = news;
    if (link.subscriptionAt && subscriptionAt < link.subscriptionAt) return older;
    const before = await records.find(_id, tx);
    const changes = before ? differences(before, fields) : fields;
    const isNew = Object.keys(changes).length > 0;
    if (isNew) await subscriptions.update(tx, _id, changes);
    await note(tx, _id, { subscriptionAt });
    return isNew ? processed : nothingNew;
  };

  const show = async (
    tx: Tx,
    news: MerchantNews & { about: 'logo' },
    merchant: MerchantDocument,
    link: LinkDocument,
    prepared: Prepared,
  ) => {
    if (link.logoAt && news.at <= link.logoAt) return older;
    if (!prepared) return early;
    if ('refused' in prepared) return { state: 'held', reason: prepared.refused } as const;
    if ('later' in prepared) return { state: 'early', reason: prepared.later } as const;
    const { _id } = await files.keep(tx, prepared.file);
    const { version } = await logos.replace(tx, machine, merchant, { fileId: _id, ...ownerOf(merchant._id) });
    // What was written here since stays the newer of the two.
    const merchantVersion = link.merchantVersion === merchant.version ? { merchantVersion: version } : {};
    await note(tx, merchant._id, { logoAt: news.at, ...merchantVersion });
    return processed;
  };

  const follow = async (tx: Tx, news: MerchantNews, prepared: Prepared): Promise<NewsOutcome> => {
    if (news.about === 'created') return create(tx, news);
    const link = await linkOf(news.merchant, tx);
    if (!link) return early;
    const merchant = await merchants.find(link._id, tx);
    if (!merchant) return { state: 'ignored', reason: 'The merchant was deleted here' };
    switch (news.about) {
      case 'updated':
        return update(tx, news, merchant, link);
      case 'subscription':
        return subscribe(tx, news, merchant, link);
      case 'logo':
        return show(tx, news, merchant, link, prepared);
    }
  };

  return {
    async prepare(news) {
      if (news.about !== 'logo') return null;
      const link = await linkOf(news.merchant);
      if (!link || (link.logoAt && news.at <= link.logoAt)) return null;
      const fetched = await fetchImage(news.url, mediaUrl);
      if (!('file' in fetched)) return fetched;
      try {
        return { file: await files.store(ownerOf(link._id), fetched.file) };
      } catch (error) {
        return { refused: wordsOf(error) };
      }
    },

    async apply(tx, news, prepared) {
      try {
        return await follow(tx, news, prepared);
      } catch (error) {
        // Each of these is refused before anything is written.
        return { state: 'held', reason: wordsOf(error) };
      }
    },
  };
}

/** Of databases that keep no more. */
const wholeSeconds = (time: Date): Date => new Date(Math.floor(time.getTime() / 1_000) * 1_000);

/** Changes that were made here count by our clock; what the other system has told, by its own. */
function newestOf(merchant: MerchantDocument, { merchantAt, merchantVersion }: LinkDocument): Date {
  if (merchantAt === undefined || merchant.version !== merchantVersion) return wholeSeconds(merchant.updatedAt);
  return merchantAt;
}

/** What a whole row has beside what is so already. */
function differences(before: SubscriptionDocument, { plan, status, endDate, notes }: SubscriptionUpdate): SubscriptionUpdate {
  return {
    ...(plan === undefined || plan === before.plan ? {} : { plan }),
    ...(status === undefined || status === before.status ? {} : { status }),
    ...(endDate === undefined || wholeSeconds(new Date(endDate)).getTime() === wholeSeconds(before.endDate).getTime() ? {} : { endDate }),
    ...(notes === undefined || notes === before.notes ? {} : { notes }),
  };
}

/** Refusals that are about what was asked, and would be the same another time. */
const refusals: readonly string[] = ['invalid-transition', 'bad-request', 'already-exists', 'unsupported-media-type'];

/** @throws what is no such refusal */
function wordsOf(error: unknown): string {
  if (!(error instanceof Problem) || !refusals.includes(error.code)) throw error;
  const fields = (error.errors ?? []).map(({ path, message }) => `${path} ${message}`);
  return [error.detail ?? error.message, ...fields].join(': ').slice(0, 500);
}
