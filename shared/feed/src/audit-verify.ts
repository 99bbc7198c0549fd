import type { Mongo } from '@tidings/platform';
import type { AuditEntry } from './audit.js';
import { entryHash, genesisHash, inBatches, sealHash, type AuditHead, type AuditSeal } from './audit-chain.js';
import { collections } from './documents.js';

/** A place in the chain, as `npm run audit:verify` prints it: `{seq}:{hash}`. */
export interface ChainPlace {
  seq: number;
  hash: string;
}

export interface AuditVerdict {
  /** The last seal. */
  head: ChainPlace;
  /** What was changed, removed, put in or moved: the first one first, at most twenty lines. Empty when the log is whole. */
  problems: string[];
  /** Entries that wait for their seal, none for longer than a minute. */
  waiting: number;
  /** Entries that were sealed more than a minute after the time that they tell: while nothing sealed, or put in later with an older time. */
  late: number;
}

const mostProblems = 20;
const batchSize = 500;
const soonMs = 60_000;

/**
 * Walks the whole chain while the product runs. What was cut off at the end together with the head, and a chain that was made anew as a whole,
 * are known by a place from an earlier run alone.
 * @param known that place
 */
export async function verifyAuditLog(mongo: Mongo, known?: ChainPlace): Promise<AuditVerdict> {
  const entries = mongo.db.collection<AuditEntry>(collections.audit);
  const seals = mongo.db.collection<AuditSeal>(collections.auditSeals);
  const problems: string[] = [];
  const note = (problem: string): void => {
    if (problems.length < mostProblems) problems.push(problem);
  };
  const readHead = async (): Promise<ChainPlace> =>
    (await mongo.db.collection<AuditHead>(collections.auditHead).findOne({ _id: 'head' })) ?? { seq: 0, hash: genesisHash };

  // Before the walk: whatever is sealed meanwhile comes behind it.
  const promised = [{ what: 'the head', ...(await readHead()) }, ...(known ? [{ what: 'the place that was given', ...known }] : [])];
  let last: ChainPlace = { seq: 0, hash: genesisHash };
  let late = 0;
  for await (const batch of inBatches(seals.find().sort({ _id: 1 }).batchSize(batchSize), batchSize)) {
    const found = await entries.find({ _id: { $in: batch.map(({ entryId }) => entryId) } }).toArray();
    const byId = new Map(found.map((entry) => [entry._id, entry]));
    for (const seal of batch) {
      const entry = byId.get(seal.entryId);
      for (const problem of faults(last, seal, entry)) note(problem);
      for (const { what, seq, hash } of promised) if (seq === seal._id && hash !== seal.hash) note(`${seq} is another than ${what} says`);
      if (entry && Number(seal.sealedAt) - Number(entry.at) > soonMs) late++;
      last = { seq: seal._id, hash: seal.hash };
    }
  }
  for (const { what, seq } of promised)
    if (seq > last.seq) note(`${last.seq + 1} to ${seq} were removed: ${what} says ${seq}, and the last seal is ${last.seq}`);
  const head = await readHead();
  if (last.seq > head.seq) note(`the head says ${head.seq}, and the last seal is ${last.seq}`);

  const { waiting, forgotten } = await unsealed(mongo);
  for (const { _id, at } of forgotten) note(`entry ${_id} of ${JSON.stringify(at)} has no seal: put in, or nothing seals`);
  return { head: last, problems, waiting, late };
}

/** @returns undefined for what is no place */
export function chainPlace(text: string): ChainPlace | undefined {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  return hash === undefined ? undefined : { seq: Number(seq), hash };
}

/** What the command prints. The first line has the place to keep. */
export function verdictLines({ head, problems, waiting, late }: AuditVerdict): string[] {
  return [
    `head ${head.seq}:${head.hash}`,
    ...(waiting > 0 ? [`${waiting} entries of the last minute are not sealed yet`] : []),
    ...(late > 0
      ? [`${late} entries were sealed more than a minute after they say that they were written: nothing sealed then, or they were put in`]
      : []),
    ...problems.map((problem) => `  - ${problem}`),
    problems.length === 0
      ? `Whole: none of ${head.seq} entries was changed, removed, put in or moved. Keep the head elsewhere, and give it to a later run by --head.`
      : 'Not whole',
  ];
}

/** What is wrong with a seal that comes after `last`, or with its entry. */
function faults(last: ChainPlace, seal: AuditSeal, entry: AuditEntry | undefined): string[] {
  const at = `${seal._id} (entry ${seal.entryId}): `;
  const [first, end] = [last.seq + 1, seal._id - 1];
  return [
    ...(end >= first ? [`${first === end ? first : `${first} to ${end}`}: removed`] : []),
    ...(end < first && seal.previousHash !== last.hash ? [`${at}put in or moved, it does not go on from the one before`] : []),
    ...(seal.hash === sealHash(seal) ? [] : [`${at}its seal was changed or moved`]),
    ...(seal.entryHash === null ? [`${at}removed before it was sealed`] : []),
    ...(seal.entryHash !== null && !entry ? [`${at}removed`] : []),
    ...(seal.entryHash !== null && entry && entryHash(entry) !== seal.entryHash ? [`${at}changed`] : []),
  ];
}

/** Each batch of entries before its seals: one that is sealed between the two is not taken for one without. */
async function unsealed(mongo: Mongo): Promise<{ waiting: number; forgotten: Pick<AuditEntry, '_id' | 'at'>[] }> {
  const forgotten: Pick<AuditEntry, '_id' | 'at'>[] = [];
  let waiting = 0;
  const entries = mongo.db
    .collection<AuditEntry>(collections.audit)
    .find({}, { projection: { at: 1 } })
    .sort({ at: 1, _id: 1 });
  for await (const batch of inBatches(entries.batchSize(batchSize), batchSize)) {
    const found = await mongo.db
      .collection<AuditSeal>(collections.auditSeals)
      .find({ entryId: { $in: batch.map(({ _id }) => _id) } }, { projection: { entryId: 1 } })
      .toArray();
    const sealed = new Set(found.map(({ entryId }) => entryId));
    for (const entry of batch) {
      if (sealed.has(entry._id)) continue;
      if (Date.now() - Number(entry.at) <= soonMs) waiting++;
      else if (forgotten.length < mostProblems) forgotten.push(entry);
    }
  }
  return { waiting, forgotten };
}
