import { Problem, type Principal, type ProgramInput, type ProgramPatch } from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import { isDuplicateKey, newId } from '@tidings/platform';
import { checkIfMatch } from '../../http/etag.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { PlanLimits } from '../entitlements/index.js';
import { assertMayChange, type Merchants } from '../merchants/index.js';
import { followProgramName } from './name-jobs.js';
import type { LoyaltyModels, ProgramDocument } from './loyalty.model.js';
import { presentProgram } from './loyalty.presenter.js';

export interface ProgramsQuery {
  limit: number;
  cursor?: string | undefined;
  active?: boolean | undefined;
}

export interface Programs {
  /** @throws Problem `forbidden`, `not-found` (the merchant), `already-exists` (the name), `plan-limit` */
  create(tx: Tx, caller: Principal, merchantId: string, input: ProgramInput): Promise<ProgramDocument>;
  /** @throws Problem as `create`, and `version-mismatch` */
  update(tx: Tx, caller: Principal, merchantId: string, id: string, patch: ProgramPatch, ifMatch?: string): Promise<ProgramDocument>;
  /** Newest first. @throws Problem `not-found` (the merchant) */
  list(merchantId: string, query: ProgramsQuery): Promise<Paged<ProgramDocument>>;
  /** @throws Problem `not-found`, also for another merchant's */
  get(merchantId: string, id: string, tx?: Tx): Promise<ProgramDocument>;
  /** Of whichever merchant; null when there is none. */
  find(id: string, tx?: Tx): Promise<ProgramDocument | null>;
  /** The active ones of a merchant, the oldest first. */
  active(merchantId: string, tx: Tx): Promise<ProgramDocument[]>;
  /** Has all programs of a merchant say how it is called; answers with all of them. */
  callMerchant(tx: Tx, merchantId: string, merchantName: string): Promise<ProgramDocument[]>;
  /** Makes up for programs that are older than the note at their merchant that orders earn; with nothing to do it is two queries. */
  noteOlderRules(): Promise<void>;
}

/** What one merchant may have: a scan looks at all of them. */
const mostPrograms = 100;

export function createPrograms(parts: {
  models: LoyaltyModels;
  merchants: Merchants;
  unitOfWork: UnitOfWork;
  limits: PlanLimits;
}): Programs {
  const { models, merchants, unitOfWork, limits } = parts;
  const { programs } = models;

  const announce = (tx: Tx, program: ProgramDocument): void => {
    const { _id: programId, merchantId, version } = program;
    tx.emit('program-updated', { programId, businessId: merchantId, program: presentProgram(program), version }, { merchantId });
  };

  const active: Programs['active'] = (merchantId, tx) =>
    programs
      .find({ merchantId, isActive: true }, null, { session: tx.session })
      .sort({ createdAt: 1, _id: 1 })
      .limit(mostPrograms)
      .lean<ProgramDocument[]>();

  const write = async (tx: Tx, program: ProgramDocument, fields: Partial<ProgramDocument>): Promise<ProgramDocument> => {
    const changed = await programs
      .findOneAndUpdate(
        { _id: program._id, version: program.version },
        { $set: { ...fields, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<ProgramDocument>()
      .catch(asTaken);
    if (!changed) throw new Problem('version-mismatch', undefined, { current: presentProgram(program) });
    announce(tx, changed);
    return changed;
  };

  const noteRules = async (tx: Tx, merchantId: string): Promise<void> => {
    const earn = (await active(merchantId, tx)).some(({ rules }) => rules.some(({ kind }) => kind !== 'visit'));
    await merchants.markOrdersEarn(tx, merchantId, earn);
  };

  const assertRoom = (tx: Tx, merchantId: string): Promise<void> =>
    limits.assertRoom(tx, merchantId, 'programs', async () => programs.countDocuments({ merchantId, isActive: true }).session(tx.session));

  const find: Programs['find'] = (id, tx) => programs.findById(id, null, { session: tx?.session ?? null }).lean<ProgramDocument>();

  const get: Programs['get'] = async (merchantId, id, tx) => {
    const program = await find(id, tx);
    if (!program || program.merchantId !== merchantId) throw new Problem('not-found', 'There is no such program');
    return program;
  };

  return {
    find,
    get,
    active,

    async noteOlderRules() {
      const earning = programs
        .aggregate<{ _id: string }>([
          { $match: { isActive: true, 'rules.kind': { $in: ['amount', 'item'] } } },
          { $group: { _id: '$merchantId' } },
        ])
        .cursor({ batchSize: 1_000 });
      const note = async (ids: readonly string[]): Promise<void> => {
        for (const id of await merchants.withoutOrdersEarn(ids)) await unitOfWork.run({ actor: null }, (tx) => noteRules(tx, id));
      };
      let ids: string[] = [];
      for await (const { _id } of earning) {
        if (ids.push(_id) < 1_000) continue;
        await note(ids);
        ids = [];
      }
      await note(ids);
    },

    async create(tx, caller, merchantId, input) {
      const merchant = await merchants.get(merchantId, tx);
      await assertMayChange(tx, caller, merchantId, { action: 'program.create', details: { name: input.name } });
      if ((await programs.countDocuments({ merchantId }).session(tx.session)) >= mostPrograms)
        throw new Problem('already-exists', `A merchant has at most ${mostPrograms} programs`);
      if (input.isActive) await assertRoom(tx, merchantId);
      const program: ProgramDocument = {
        ...input,
        _id: newId(),
        merchantId,
        merchantName: merchant.name,
        nameKey: input.name.toLowerCase(),
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
      };
      await programs.insertMany([program], { session: tx.session }).catch(asTaken);
      tx.auditChange({ before: null, after: presentProgram(program) });
      announce(tx, program);
      await noteRules(tx, merchantId);
      return program;
    },

    async update(tx, caller, merchantId, id, patch, ifMatch) {
      await assertMayChange(tx, caller, merchantId, { action: 'program.update', details: { programId: id, changed: Object.keys(patch) } });
      const program = await get(merchantId, id, tx);
      checkIfMatch(ifMatch, program.version, () => presentProgram(program));
      if (patch.isActive && !program.isActive) await assertRoom(tx, merchantId);
      const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined)) as Partial<ProgramDocument>;
      const changed = await write(tx, program, { ...given, ...(patch.name === undefined ? {} : { nameKey: patch.name.toLowerCase() }) });
      tx.auditChange({ before: presentProgram(program), after: presentProgram(changed) });
      if (changed.name !== program.name) await followProgramName(tx, changed);
      await noteRules(tx, merchantId);
      return changed;
    },

    async callMerchant(tx, merchantId, merchantName) {
      const all = await programs.find({ merchantId }, null, { session: tx.session }).limit(mostPrograms).lean<ProgramDocument[]>();
      for (const program of all) if (program.merchantName !== merchantName) await write(tx, program, { merchantName });
      return all;
    },

    async list(merchantId, { limit, cursor, active }) {
      await merchants.get(merchantId);
      const found = await programs
        .find({ merchantId, ...(active === undefined ? {} : { isActive: active }), ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<ProgramDocument[]>();
      return pageByTime(found, limit);
    },
  };
}

function asTaken(error: unknown): never {
  if (isDuplicateKey(error, 'programs')) throw new Problem('already-exists', 'The merchant has a program of this name');
  throw error;
}
