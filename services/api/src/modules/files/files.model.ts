import type { StoredFile } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface FileDocument {
  _id: string;
  /** Who sent it. */
  userId: string;
  /** `sending`: its bytes may not be there yet. `gone`: they are being removed. */
  state: 'sending' | 'ready' | 'gone';
  type: StoredFile['type'];
  size: number;
  width: number;
  height: number;
  sha256: string;
  /** What uses it, e.g. `merchant:{id}`; everybody may see it then. */
  usedBy: string | null;
  /** null while something uses it. */
  expiresAt: Date | null;
  createdAt: Date;
}

export interface FileModels {
  files: Model<FileDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;

const fileSchema = new Schema<FileDocument>(
  {
    _id: text,
    userId: text,
    state: text,
    type: text,
    size: integer,
    width: integer,
    height: integer,
    sha256: text,
    usedBy: { type: String, default: null },
    expiresAt: { type: Date, default: null },
    createdAt: { type: Date, required: true },
  },
  { versionKey: false, strict: 'throw', collection: 'files' },
);
// Of what nothing uses: what the sweep looks for, and what one person may have of it.
fileSchema.index({ expiresAt: 1 }, { partialFilterExpression: { expiresAt: { $type: 'date' } } });
fileSchema.index({ userId: 1, expiresAt: 1 }, { partialFilterExpression: { expiresAt: { $type: 'date' } } });

export function fileModels({ connection }: Pick<Mongo, 'connection'>): FileModels {
  return { files: connection.models['File'] ?? connection.model<FileDocument>('File', fileSchema) };
}
