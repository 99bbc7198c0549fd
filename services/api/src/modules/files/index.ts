import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createPeriodic } from '../../periodic.js';
import { createBlobs } from './blobs.js';
import { fileModels } from './files.model.js';
import { fileRoutes } from './files.routes.js';
import { createFiles, type Files } from './files.service.js';

export type { FileDocument } from './files.model.js';
export type { Files } from './files.service.js';

const hourMs = 3_600_000;

export interface FilesModule extends ApiModule {
  files: Files;
}

/** Images that people send. */
export function filesModule({ mongo, unitOfWork }: Pick<Context, 'mongo' | 'unitOfWork'>): FilesModule {
  const models = fileModels(mongo);
  const files = createFiles({ models, blobs: createBlobs(mongo) });
  const hourly = createPeriodic({
    kind: 'file-sweep',
    periodMs: hourMs,
    mongo,
    unitOfWork,
    async work() {
      while ((await files.sweep(new Date())) > 0);
    },
  });
  return {
    files,
    routes: fileRoutes(files),
    jobs: { [hourly.kind]: hourly.handler },
    async start() {
      await ensureIndexes(models);
      // GridFS looks names up by this index of its own; chunks are read by (files_id, n).
      await mongo.db.collection('blobs.chunks').createIndex({ files_id: 1, n: 1 }, { unique: true });
      await hourly.start();
    },
  };
}
