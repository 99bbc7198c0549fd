import { idParams } from '../common.js';
import { defineRoute } from '../route.js';
import { fileSchema, imageTypes, largestFile } from './schemas.js';

const tag = 'files';

export const fileRoutes = {
  upload: defineRoute({
    name: 'uploadFile',
    method: 'post',
    path: '/api/files',
    summary: 'Send a PNG, JPEG or WebP image of at most 5 MiB, as the part `file` of a form; what nothing uses is kept for a day',
    tag,
    access: 'user',
    upload: { maxBytes: largestFile },
    status: 201,
    response: fileSchema,
    errors: ['payload-too-large', 'unsupported-media-type'],
    write: true,
  }),
  get: defineRoute({
    name: 'getFile',
    method: 'get',
    path: '/api/files/:id',
    summary: 'A file: a logo is everybody’s, anything else whoever sent it',
    tag,
    access: 'optional',
    params: idParams,
    status: 200,
    media: imageTypes,
    errors: ['not-found'],
  }),
};
