import { routes } from '@tidings/contracts';
import { optionalRead, write, type RouteBinding } from '../../http/bind.js';
import { Media } from '../../http/media.js';
import { presentFile, type Files } from './files.service.js';

/** Whatever is in it, a browser that is sent there shows a picture and nothing else; pages of others may show it, too. */
const harmless = {
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'X-Content-Type-Options': 'nosniff',
  'Content-Disposition': 'inline',
  'Cross-Origin-Resource-Policy': 'cross-origin',
};

export function fileRoutes(files: Files): RouteBinding[] {
  const contract = routes.files;
  return [
    write(
      contract.upload,
      {
        prepare: ({ caller, file }) => files.store(caller, file!),
        handle: async ({ tx, prepared }) => presentFile(await files.keep(tx, prepared)),
      },
      { limit: 'heavy' },
    ),
    optionalRead(contract.get, async ({ caller, params }) => {
      const { file, bytes } = await files.get(caller, params.id);
      // A file never changes; what may end is that somebody may see it.
      const caching = file.usedBy === null ? 'private, no-cache' : 'public, max-age=3600';
      return new Media(file.type, bytes, { ...harmless, ETag: `"${file.sha256}"`, 'Cache-Control': caching });
    }),
  ];
}
