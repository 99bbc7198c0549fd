import { isAdmin, Problem, type Principal, type StoredFile } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { UploadedFile } from '../../http/upload.js';
import type { Blobs } from './blobs.js';
import type { FileDocument, FileModels } from './files.model.js';
import { readImage } from './images.js';

export interface Files {
  /**
   * Outside of any transaction: writes the bytes, which expire unless `keep` follows.
   * @throws Problem `unsupported-media-type`, `bad-request` (an image of no size), `rate-limited` (too many that nothing uses)
   */
  store(caller: Pick<Principal, 'userId'>, file: UploadedFile): Promise<FileDocument>;
  /** What was stored is there now. */
  keep(tx: Tx, file: FileDocument): Promise<FileDocument>;
  /** @throws Problem `not-found`, also for what is none of the caller's business */
  get(caller: Principal | null, id: string): Promise<{ file: FileDocument; bytes: Buffer }>;
  /** Has one of the caller's own files used by that, and nothing else. @throws Problem `not-found`, `already-exists` (something uses it) */
  use(tx: Tx, caller: Pick<Principal, 'userId'>, id: string, usedBy: string): Promise<FileDocument>;
  /** Nothing uses it any more; screens that still show it have an hour. */
  release(tx: Tx, id: string, usedBy: string): Promise<void>;
  /** Removes what has expired, some of it at a time; answers with how many. */
  sweep(now: Date): Promise<number>;
}

const hourMs = 3_600_000;
const unusedMs = 24 * hourMs;
/** Of one person: whoever wants more uses some, or waits. */
const mostUnused = 20;
const atOnce = 200;

export function createFiles({ models: { files }, blobs }: { models: FileModels; blobs: Blobs }): Files {
  const mayRead = (caller: Principal | null, { userId, usedBy }: FileDocument): boolean =>
    usedBy !== null || (caller !== null && (userId === caller.userId || isAdmin(caller.roles)));

  return {
    async store({ userId }, { bytes, sha256 }) {
      const image = readImage(bytes);
      if ((await files.countDocuments({ userId, expiresAt: { $type: 'date' } })) >= mostUnused)
        throw new Problem('rate-limited', `At most ${mostUnused} files that nothing uses`, { retryAfterSeconds: hourMs / 1_000 });
      const now = new Date();
      const file: FileDocument = {
        _id: newId(),
        userId,
        state: 'sending',
        ...image,
        size: bytes.length,
        sha256,
        usedBy: null,
        expiresAt: new Date(now.getTime() + unusedMs),
        createdAt: now,
      };
      // First: whatever becomes of this process, the sweep finds what it has written.
      await files.insertMany([file]);
      await blobs.write(file._id, bytes);
      return file;
    },

    async keep(tx, file) {
      await files.updateOne({ _id: file._id, state: 'sending' }, { $set: { state: 'ready' } }, { session: tx.session });
      return { ...file, state: 'ready' };
    },

    async get(caller, id) {
      const file = await files.findOne({ _id: id, state: 'ready' }).lean<FileDocument>();
      if (!file || !mayRead(caller, file)) throw new Problem('not-found', 'There is no such file');
      return { file, bytes: await blobs.read(id) };
    },

    async use(tx, { userId }, id, usedBy) {
      const own = { _id: id, userId, state: 'ready' as const };
      const used = await files
        .findOneAndUpdate(
          { ...own, usedBy: null, expiresAt: { $gt: tx.now } },
          { $set: { usedBy, expiresAt: null } },
          { session: tx.session, returnDocument: 'after' },
        )
        .lean<FileDocument>();
      if (used) return used;
      if (await files.exists({ ...own, usedBy: { $ne: null } }).session(tx.session))
        throw new Problem('already-exists', 'The file is in use');
      throw new Problem('not-found', 'There is no such file of yours');
    },

    async release(tx, id, usedBy) {
      const expiresAt = new Date(tx.now.getTime() + hourMs);
      await files.updateOne({ _id: id, usedBy }, { $set: { usedBy: null, expiresAt } }, { session: tx.session });
    },

    async sweep(now) {
      const due = await files
        .find({ expiresAt: { $lte: now } }, { _id: 1 })
        .limit(atOnce)
        .lean();
      for (const { _id } of due) {
        // Claimed first: nothing can use it while its bytes go away. Whoever dies between the two leaves it to the next sweep.
        const claimed = await files.updateOne({ _id, usedBy: null, expiresAt: { $lte: now } }, { $set: { state: 'gone' } });
        if (claimed.matchedCount === 0) continue;
        await blobs.remove(_id);
        await files.deleteOne({ _id, state: 'gone' });
      }
      return due.length;
    },
  };
}

export function presentFile({ _id, type, size, width, height, expiresAt, createdAt }: FileDocument): StoredFile {
  return { id: _id, type, size, width, height, expiresAt: expiresAt?.toISOString() ?? null, createdAt: createdAt.toISOString() };
}
