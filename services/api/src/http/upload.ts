import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { badField, Problem } from '@tidings/contracts';
import busboy from 'busboy';
import type { Request, Response } from 'express';
import { readBytes } from './body.js';

export interface UploadedFile {
  bytes: Buffer;
  /** Hex. */
  sha256: string;
}

/** A form around a file: its boundaries and headers. */
const mostAround = 16_384;

/**
 * The one file of a form, from the part `file`. All of it is in memory, which the limit bounds.
 * @throws Problem `unsupported-media-type` for what is no form, `payload-too-large`, `bad-request`
 */
export async function readUpload(req: Request, res: Response, maxBytes: number): Promise<UploadedFile> {
  if (!req.is('multipart/form-data')) throw new Problem('unsupported-media-type', 'Send the file as multipart/form-data');
  const body = await readBytes(req, res, maxBytes + mostAround);
  const form = openForm(req, maxBytes);
  const chunks: Buffer[] = [];
  const faults: Problem[] = [];
  let parts = 0;
  form.on('file', (name, stream) => {
    parts++;
    if (name !== 'file' || parts > 1) faults.push(unfit(parts > 1 ? 'is given more than once' : 'must be in the part `file`'));
    stream.on('data', (chunk: Buffer) => void (faults.length === 0 && chunks.push(chunk)));
    stream.on('limit', () => faults.push(new Problem('payload-too-large', `A file may have ${maxBytes} bytes`)));
    // Of a form that ends too early: the form itself fails, too.
    stream.on('error', () => faults.push(unfit('ends too early')));
  });
  form.on('field', (name) => faults.push(unfit(`stands beside ${name.slice(0, 40)}`)));
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) form.on(limit, () => faults.push(unfit('is not alone')));
  await pipeline([body], form).catch((error: unknown) => {
    faults.push(new Problem('bad-request', 'The form could not be read', { cause: error }));
  });
  if (faults[0]) throw faults[0];
  const bytes = Buffer.concat(chunks);
  if (bytes.length === 0) throw unfit('is missing, or empty');
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function openForm(req: Request, maxBytes: number): busboy.Busboy {
  try {
    return busboy({ headers: req.headers, limits: { fileSize: maxBytes, files: 2, fields: 1, parts: 3, headerPairs: 20 } });
  } catch (error) {
    // A form without a boundary.
    throw new Problem('bad-request', 'The form could not be read', { cause: error });
  }
}

const unfit = (message: string): Problem => badField('file', message);
