import { Problem } from '@tidings/contracts';
import express, { type Request, type RequestHandler, type Response } from 'express';

const json = express.json({ limit: '100kb', strict: false });
const bytes = express.raw({ limit: '1mb', type: () => true });

const hasBody = (req: Request): boolean => req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

/** The parsed JSON body, undefined when none was sent. @throws Problem or a body-parser error, which `toProblem` knows */
export async function readJson(req: Request, res: Response): Promise<unknown> {
  if (!hasBody(req)) return undefined;
  if (!req.is('application/json')) throw new Problem('unsupported-media-type', 'Send the body as application/json');
  await run(json, req, res);
  return req.body;
}

export async function readBytes(req: Request, res: Response): Promise<Buffer> {
  if (!hasBody(req)) return Buffer.alloc(0);
  await run(bytes, req, res);
  return Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
}

function run(middleware: RequestHandler, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void middleware(req, res, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error('The body could not be read', { cause: error }));
    });
  });
}
