import { Problem } from '@tidings/contracts';
import express, { type Request, type RequestHandler, type Response } from 'express';

const json = express.json({ limit: '100kb', strict: false });
const bytes = express.raw({ limit: '1mb', type: () => true });
/** By their limits: few routes have one of their own. */
const larger = new Map<number, RequestHandler>();

const hasBody = (req: Request): boolean => req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;

/** The parsed JSON body, undefined when none was sent. @throws Problem or a body-parser error, which `toProblem` knows */
export async function readJson(req: Request, res: Response): Promise<unknown> {
  if (!hasBody(req)) return undefined;
  if (!req.is('application/json')) throw new Problem('unsupported-media-type', 'Send the body as application/json');
  await run(json, req, res);
  return req.body;
}

/** @param limit in bytes; 1 MiB unless given */
export async function readBytes(req: Request, res: Response, limit?: number): Promise<Buffer> {
  if (!hasBody(req)) return Buffer.alloc(0);
  await run(limit === undefined ? bytes : upTo(limit), req, res);
  return Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
}

function upTo(limit: number): RequestHandler {
  const known = larger.get(limit) ?? express.raw({ limit, type: () => true });
  larger.set(limit, known);
  return known;
}

function run(middleware: RequestHandler, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void middleware(req, res, (error?: unknown) => {
      if (error === undefined) resolve();
      else reject(error instanceof Error ? error : new Error('The body could not be read', { cause: error }));
    });
  });
}
