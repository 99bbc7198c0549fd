import type { Mongo } from '@tidings/platform';

/** A document as it is stored. */
export interface Stored {
  _id: string;
  [field: string]: unknown;
}

/** Documents on their way into the store, in batches. */
export interface Writer {
  put(collection: string, document: Stored): void;
  /** To be awaited now and then, so that what waits stays small. */
  breathe(): Promise<void>;
  /** Everything is stored. */
  end(): Promise<void>;
}

const batch = 2_000;

/** Unordered and unacknowledged by a majority: a store that is filled anew after a crash needs no more. */
export function createWriter({ db }: Pick<Mongo, 'db'>): Writer {
  const waiting = new Map<string, Stored[]>();
  const write = async (name: string, documents: Stored[]): Promise<void> => {
    waiting.delete(name);
    await db.collection<Stored>(name).insertMany(documents, { ordered: false, writeConcern: { w: 1 } });
  };
  return {
    put(collection, document) {
      const documents = waiting.get(collection);
      if (documents) documents.push(document);
      else waiting.set(collection, [document]);
    },
    async breathe() {
      const full = [...waiting].filter(([, documents]) => documents.length >= batch);
      await Promise.all(full.map(([name, documents]) => write(name, documents)));
    },
    async end() {
      await Promise.all([...waiting].map(([name, documents]) => write(name, documents)));
    },
  };
}
