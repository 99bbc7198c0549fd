import { Problem, type PlanChange, type PlanFields, type PlanInput, type PlanVersion, type PlanWithdrawal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { checkIfMatch, versionsOf } from '../../http/etag.js';
import { plainNameOf } from '../../names.js';
import { differences, fieldsOf, mergeThreeWays, overlay } from './merge.js';
import { publicationJob } from './plan-jobs.js';
import { planTurn, type PlanPlaces } from './plan-places.js';
import { assertFit, isDue, toStored } from './plan-rules.js';
import type { PlanRecorder } from './plan-record.js';
import type { PlanDocument, PlanModels } from './plans.model.js';
import { presentPlan } from './plans.presenter.js';

/** How an edit came about. */
export interface EditOptions {
  ifMatch?: string | undefined;
  /** Of a stale edit, take over what overlaps with nothing. */
  merge?: boolean | undefined;
}

export interface Plans {
  /** @throws Problem `bad-request` for limits that make no sense */
  create(tx: Tx, input: PlanInput): Promise<PlanDocument>;
  /**
   * Changes what is sent. Of two edits without `ifMatch` the last one wins. What changes nothing makes no version and tells nobody.
   * @throws Problem `not-found`; `version-mismatch` with a proposal; `bad-request`; `capacity-exceeded` below what is invested; `plan-in-use` for
   *   another currency once somebody has invested; `invalid-transition` for another date of a plan that is published
   */
  update(tx: Tx, id: string, input: PlanChange, options?: EditOptions): Promise<PlanDocument>;
  /** Makes the fields of an old version those of a new one; the date of publication stays once it has come. @throws Problem as `update` */
  restore(tx: Tx, id: string, version: number, ifMatch?: string): Promise<PlanDocument>;
  /**
   * Withdraws a plan. What becomes of its active investments is done afterwards, in batches, by whoever follows `PlanDocument.withdrawal`.
   * @throws Problem `not-found`, `version-mismatch`; `plan-in-use` with the number of investments that are in the way; `capacity-exceeded` and
   *   `currency-mismatch` where the other plan cannot take them
   */
  remove(tx: Tx, id: string, withdrawal: PlanWithdrawal, ifMatch?: string): Promise<PlanDocument>;
  /** Shows a plan to everybody, unless that has happened. */
  publish(tx: Tx, plan: PlanDocument): Promise<void>;
  /** @throws Problem `not-found`, also for a deleted one and, unless `drafts`, for one that is not published */
  get(id: string, options?: { tx?: Tx; drafts?: boolean }): Promise<PlanDocument>;
}

const gone = (): Problem => new Problem('not-found', 'There is no such plan');

export function createPlans(options: { models: PlanModels; record: PlanRecorder; places: PlanPlaces; defaultCurrency: string }): Plans {
  const { models, record, places, defaultCurrency } = options;
  const { plans, planVersions } = models;

  const get: Plans['get'] = async (id, { tx, drafts = false } = {}) => {
    const plan = await plans.findOne({ _id: id, deletedAt: null }, null, { session: tx?.session ?? null }).lean<PlanDocument>();
    if (!plan || !(drafts || plan.published)) throw gone();
    return plan;
  };

  /** For a change: takes turns with those who invest, as they write the same document. */
  const forChange = (tx: Tx, id: string): Promise<PlanDocument> => {
    tx.turn([planTurn(id)]);
    return get(id, { tx, drafts: true });
  };

  /** The one way in which a plan changes. @param fields to set; of two at once one conflicts, runs again and sees the other */
  const write = async (tx: Tx, plan: PlanDocument, fields: Partial<PlanDocument>): Promise<PlanDocument> => {
    const after = await plans
      .findOneAndUpdate(
        { _id: plan._id, version: plan.version },
        { $set: { ...fields, version: plan.version + 1, updatedAt: tx.now } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<PlanDocument>();
    if (!after) throw new Error(`The plan ${plan._id} was changed meanwhile`);
    return after;
  };

  const change = async (
    tx: Tx,
    plan: PlanDocument,
    wanted: PlanChange,
    how: { action: PlanVersion['action']; restored?: number },
  ): Promise<PlanDocument> => {
    const before = fieldsOf(presentPlan(plan));
    const after = overlay(before, withPlainTime(wanted));
    const changes = differences(before, after);
    if (changes.length === 0) return plan;
    assertFit(after, tx.now, { before, plan });
    const stored = toStored(after);
    const version = plan.version + 1;
    const becomesPublic = !plan.published && isDue(stored.publishAt, tx.now);
    const hasNewTerms = stored.roiBp !== plan.roiBp || stored.duration !== plan.duration;
    const changed = await write(tx, plan, {
      ...stored,
      nameKey: plainNameOf(stored.name),
      ...(becomesPublic ? { published: true, publishedVersion: version } : {}),
      ...(hasNewTerms ? { termsVersion: version } : {}),
    });
    await record(tx, becomesPublic ? 'plan-created' : 'plan-updated', changed, { ...how, before: plan, changes });
    if (!changed.published) await tx.job(publicationJob(changed));
    // Whoever has invested follows, in batches: a hundred thousand do not fit into a transaction.
    if (hasNewTerms && changed.active > 0) await tx.job(places.termsJob(changed, 0));
    return changed;
  };

  /** What of a stale edit may be taken over; without a stale one, all of it. */
  const reconciled = async (
    tx: Tx,
    plan: PlanDocument,
    input: PlanChange,
    { ifMatch, merge = false }: EditOptions,
  ): Promise<PlanChange> => {
    const known = versionsOf(ifMatch);
    if (!known || known.includes(plan.version)) return input;
    const base = await planVersions
      .findOne({ planId: plan._id, version: { $in: known, $lt: plan.version } }, { plan: 1 }, { session: tx.session })
      .sort({ version: -1 })
      .lean();
    const current = presentPlan(plan);
    if (!base) throw new Problem('version-mismatch', undefined, { current });
    const { taken, proposal, conflicts } = mergeThreeWays(fieldsOf(base.plan), fieldsOf(current), withPlainTime(input));
    if (merge && conflicts.length === 0) return taken;
    throw new Problem('version-mismatch', undefined, { current, proposal, conflicts });
  };

  return {
    get,

    async create(tx, input) {
      const { description = null, maxAmount = null, currency = defaultCurrency, capacity = null, publishAt = null } = input;
      const fields: PlanFields = withPlainTime({ ...input, description, maxAmount, currency, capacity, publishAt });
      assertFit(fields, tx.now);
      const stored = toStored(fields);
      const published = isDue(stored.publishAt, tx.now);
      const plan: PlanDocument = {
        _id: newId(),
        ...stored,
        nameKey: plainNameOf(stored.name),
        published,
        ...(published ? { publishedVersion: 1 } : {}),
        version: 1,
        termsVersion: 1,
        invested: 0,
        active: 0,
        reserved: 0,
        createdAt: tx.now,
        updatedAt: tx.now,
        deletedAt: null,
      };
      await plans.insertMany([plan], { session: tx.session });
      await record(tx, 'plan-created', plan, { action: 'created', before: null });
      if (!published) await tx.job(publicationJob(plan));
      return plan;
    },

    async update(tx, id, input, edit = {}) {
      const plan = await forChange(tx, id);
      return change(tx, plan, await reconciled(tx, plan, input, edit), { action: 'updated' });
    },

    async restore(tx, id, version, ifMatch) {
      const plan = await forChange(tx, id);
      checkIfMatch(ifMatch, plan.version, () => presentPlan(plan));
      const old = await planVersions.findOne({ planId: id, version }, { plan: 1 }, { session: tx.session }).lean();
      if (!old) throw new Problem('not-found', 'The plan has no such version');
      const { publishAt, ...fields } = fieldsOf(old.plan);
      return change(tx, plan, plan.published ? fields : { ...fields, publishAt }, { action: 'restored', restored: version });
    },

    async remove(tx, id, { investments: mode, to }, ifMatch) {
      tx.turn([id, ...(to ? [to] : [])].map(planTurn));
      const plan = await get(id, { tx, drafts: true });
      checkIfMatch(ifMatch, plan.version, () => presentPlan(plan));
      const { active, invested, reserved } = plan;
      if (reserved > 0) throw new Problem('plan-in-use', 'Investments of another plan are on their way to this one');
      if (mode === 'refuse' && active > 0)
        throw new Problem('plan-in-use', 'Say by investments=keep, refund or migrate what becomes of the active investments', {
          count: active,
        });
      if (to !== undefined) await places.assertHeir(tx, plan, to);
      const deleted = await write(tx, plan, {
        deletedAt: tx.now,
        ...(mode === 'refuse' ? {} : { withdrawal: { mode, ...(to ? { to, reserved: invested } : {}) } }),
      });
      await record(tx, 'plan-deleted', deleted, { action: 'deleted', before: plan }, { investments: mode, ...(to ? { to } : {}) });
      if (active > 0 && (mode === 'refund' || mode === 'migrate')) await tx.job(places.withdrawalJob(deleted, 0));
      // Last, as it is another plan's document, which its own investors write.
      if (to !== undefined && invested > 0) await places.reserve(tx, to, invested);
      return deleted;
    },

    async publish(tx, plan) {
      const published = await write(tx, plan, { published: true, publishedVersion: plan.version + 1 });
      await record(tx, 'plan-created', published, { action: 'published', before: plan });
    },
  };
}

/** One way to write a time, so that the same time is no change. */
function withPlainTime<Fields extends PlanChange>(fields: Fields): Fields {
  const { publishAt } = fields;
  return publishAt ? { ...fields, publishAt: new Date(publishAt).toISOString() } : fields;
}
