import { pipeline } from 'node:stream/promises';
import type { Mongo } from '@tidings/platform';
import { mongo as driver } from 'mongoose';

/** The bytes of files, by the files' ids: in GridFS, so that every replica has them. */
export interface Blobs {
  write(id: string, bytes: Buffer): Promise<void>;
  read(id: string): Promise<Buffer>;
  /** Also of what was written in part, or not at all. */
  remove(id: string): Promise<void>;
}

const name = 'blobs';

export function createBlobs({ db }: Pick<Mongo, 'db'>): Blobs {
  const bucket = new driver.GridFSBucket(db as never, { bucketName: name, writeConcern: { w: 'majority' } });
  // Its ids are ours, which are texts: the driver's type knows only its own.
  const idOf = (id: string): driver.ObjectId => id as unknown as driver.ObjectId;
  return {
    write: (id, bytes) => pipeline([bytes], bucket.openUploadStreamWithId(idOf(id), id)),
    async read(id) {
      const chunks: Buffer[] = [];
      for await (const chunk of bucket.openDownloadStream(idOf(id)) as AsyncIterable<Buffer>) chunks.push(chunk);
      return Buffer.concat(chunks);
    },
    async remove(id) {
      // Not by the bucket, which refuses where the last piece of a file was never written.
      await db.collection(`${name}.chunks`).deleteMany({ files_id: id });
      await db.collection<{ _id: string }>(`${name}.files`).deleteOne({ _id: id });
    },
  };
}
