import { badField, type PauseInput, type Principal, Problem, type SellingInput, type UnclaimedRule } from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import type { JobHandler } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import { checkIfMatch } from '../../http/etag.js';
import { assertMayChange } from './members.js';
import type { MerchantDocument } from './merchants.model.js';
import { presentSelling } from './merchants.presenter.js';
import type { Merchants } from './merchants.service.js';
import { sellingStatus } from './opening-hours.js';
import type { SellingDocument, SellingModels } from './selling.model.js';
import { assertTrading } from './standing.js';

export const sellingJobKind = 'merchant-status';
const jobSchema = z.strictObject({ merchantId: z.string(), version: z.int(), at: z.coerce.date() });

const dayMs = 86_400_000;
const longestPauseMs = 366 * dayMs;
const furthestExceptionMs = 2 * 366 * dayMs;

export interface SellingView {
  merchant: MerchantDocument;
  selling: SellingDocument;
}

export interface SellingService {
  /** @throws Problem `not-found` */
  get(merchantId: string): Promise<SellingView>;
  /** @throws Problem `forbidden`, `not-found`, `version-mismatch`, `bad-request` (an exception in the far future) */
  update(tx: Tx, caller: Principal, merchantId: string, input: SellingInput, ifMatch?: string): Promise<SellingView>;
  /** @throws Problem `forbidden`, `not-found`, `version-mismatch`, `bad-request` (a time that is past or far away) */
  pause(tx: Tx, caller: Principal, merchantId: string, input: PauseInput, ifMatch?: string): Promise<SellingView>;
  /** @throws Problem `forbidden`, `not-found`, `version-mismatch` */
  resume(tx: Tx, caller: Principal, merchantId: string, ifMatch?: string): Promise<SellingView>;
  /**
   * For whoever takes an order; reads only, and not what is given. Orders that were placed go on when a merchant closes.
   * @param known the settings, where they were read already; null for a merchant that has set nothing
   * @throws Problem `merchant-closed`
   */
  assertOpen(tx: Tx, merchant: MerchantDocument, known?: SellingDocument | null): Promise<void>;
  /** Stores and tells the status anew, after the merchant's own fields changed what follows from the settings. */
  follow(tx: Tx, merchant: MerchantDocument): Promise<void>;
  /** What becomes of the merchant's orders that nobody picks up; null: they wait. */
  unclaimedRule(tx: Tx, merchantId: string): Promise<UnclaimedRule | null>;
  /** Tells of hours that began or ended, and of pauses that are over. */
  turn: JobHandler;
}

/** A merchant that has set nothing sells round the clock. */
const unset = (merchantId: string): SellingDocument => ({
  _id: merchantId,
  hours: null,
  exceptions: [],
  pause: null,
  unclaimed: null,
  open: true,
  paused: false,
  nextChangeAt: null,
  version: 1,
  updatedAt: new Date(0),
});

type Settings = Pick<SellingDocument, 'hours' | 'exceptions' | 'pause' | 'unclaimed'>;

export function createSelling(options: { models: SellingModels; merchants: Merchants; unitOfWork: UnitOfWork }): SellingService {
  const { models, merchants, unitOfWork } = options;
  const { sellings } = models;

  const read = async (merchantId: string, tx?: Tx): Promise<SellingDocument> =>
    (await sellings.findById(merchantId, null, { session: tx?.session ?? null }).lean<SellingDocument>()) ?? unset(merchantId);

  /** Stores the settings with the status that follows from them at `at`, tells of it, and has the next turn of the clock told. */
  const write = async (tx: Tx, { merchant, selling: before }: SellingView, settings: Partial<Settings>, at: Date): Promise<SellingView> => {
    const { timeZone, _id: merchantId } = merchant;
    const after: SellingDocument = { ...before, ...settings, version: before.version + 1, updatedAt: tx.now };
    const selling = { ...after, ...sellingStatus({ ...after, timeZone }, at) };
    // Of two who write at once one conflicts and runs again; a stale reader finds no document of its version.
    const { matchedCount, upsertedCount } = await sellings.replaceOne({ _id: merchantId, version: before.version }, selling, {
      session: tx.session,
      upsert: before.version === 1,
    });
    if (matchedCount + upsertedCount !== 1) throw new Error(`The selling settings of ${merchantId} were changed meanwhile`);
    const view = { merchant, selling };
    const shown = presentSelling(view);
    const { open, pausedUntil } = shown;
    tx.emit('merchant-status', { vendorId: merchantId, open, pausedUntil, selling: shown }, { merchantId });
    const { nextChangeAt, version } = selling;
    if (nextChangeAt) {
      // Named by the version that it belongs to: twice is once, and what was set since makes it void.
      const data = { merchantId, version, at: nextChangeAt.toISOString() };
      await tx.job({ kind: sellingJobKind, key: `${sellingJobKind}:${merchantId}:${version}`, data, dueAt: nextChangeAt });
    }
    return view;
  };

  const change = async (
    tx: Tx,
    caller: Principal,
    merchantId: string,
    { settings, ifMatch }: { settings: Partial<Settings>; ifMatch: string | undefined },
  ): Promise<SellingView> => {
    const merchant = await merchants.get(merchantId, tx);
    await assertMayChange(tx, caller, merchantId, { action: 'selling.update', details: { changed: Object.keys(settings) } });
    const view = { merchant, selling: await read(merchantId, tx) };
    checkIfMatch(ifMatch, view.selling.version, () => presentSelling(view));
    const after = await write(tx, view, settings, tx.now);
    tx.auditChange({ before: presentSelling(view), after: presentSelling(after) });
    return after;
  };

  return {
    async get(merchantId) {
      return { merchant: await merchants.get(merchantId), selling: await read(merchantId) };
    },

    async update(tx, caller, merchantId, { hours, exceptions, unclaimed }, ifMatch) {
      const furthest = new Date(tx.now.getTime() + furthestExceptionMs).toISOString().slice(0, 10);
      const tooFar = exceptions.findIndex(({ date }) => date > furthest);
      if (tooFar >= 0) throw badField(`exceptions.${tooFar}.date`, 'must be within two years');
      return change(tx, caller, merchantId, { settings: { hours, exceptions, unclaimed }, ifMatch });
    },

    async pause(tx, caller, merchantId, { until }, ifMatch) {
      const end = until === undefined ? null : new Date(until);
      if (end && (end <= tx.now || end.getTime() > tx.now.getTime() + longestPauseMs))
        throw badField('until', 'must be in the future, within a year');
      return change(tx, caller, merchantId, { settings: { pause: { until: end } }, ifMatch });
    },

    async resume(tx, caller, merchantId, ifMatch) {
      return change(tx, caller, merchantId, { settings: { pause: null }, ifMatch });
    },

    async assertOpen(tx, merchant, known) {
      const selling = known === undefined ? await read(merchant._id, tx) : (known ?? unset(merchant._id));
      // What is stored holds until the next turn. Past it, while the job that writes it anew has not run, the clock decides.
      const isStale = selling.nextChangeAt !== null && selling.nextChangeAt <= tx.now;
      const { open, paused } = isStale ? sellingStatus({ ...selling, timeZone: merchant.timeZone }, tx.now) : selling;
      assertTrading(merchant);
      if (open) return;
      throw new Problem('merchant-closed', paused ? 'The merchant has paused new orders' : 'It is outside of the opening hours');
    },

    async follow(tx, merchant) {
      await write(tx, { merchant, selling: await read(merchant._id, tx) }, {}, tx.now);
    },

    unclaimedRule: async (tx, merchantId) => (await read(merchantId, tx)).unclaimed,

    turn: onJob(unitOfWork, jobSchema, async (tx, { merchantId, version, at }) => {
      const selling = await read(merchantId, tx);
      // The settings were changed since, and the change has scheduled its own.
      if (selling.version !== version) return;
      const merchant = await merchants.find(merchantId, tx);
      if (!merchant) return;
      // Queues may be some milliseconds early: the time that was meant decides, else it would still be the old status.
      const time = tx.now < at ? at : tx.now;
      const isOver = selling.pause?.until && selling.pause.until <= time;
      await write(tx, { merchant, selling }, isOver ? { pause: null } : {}, time);
    }),
  };
}
