import { createServer, type IncomingMessage } from 'node:http';
import { closeServer, listen } from '@tidings/platform';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** A form or JSON, as it was sent. */
  body: Record<string, unknown>;
}

export interface FakeProvider {
  url: string;
  /** What was asked, in order. */
  asked: Asked[];
  stop(): Promise<void>;
}

/** A provider's API on loopback: `answer` says what it returns; undefined is refused with 400. */
export async function startFakeProvider(answer: (asked: Asked) => unknown): Promise<FakeProvider> {
  const asked: Asked[] = [];
  const server = createServer((req, res) => {
    void readText(req).then((text) => {
      const { pathname, searchParams } = new URL(req.url ?? '/', 'http://fake');
      const json = req.headers['content-type']?.includes('json') ?? false;
      const body = (json ? JSON.parse(text || '{}') : Object.fromEntries(new URLSearchParams(text))) as Record<string, unknown>;
      const one: Asked = { method: req.method ?? '', path: pathname, query: searchParams, headers: req.headers, body };
      asked.push(one);
      const answered = answer(one);
      res.writeHead(answered === undefined ? 400 : 200, { 'content-type': 'application/json' });
      res.end(JSON.stringify(answered ?? { error: { type: 'invalid_request_error', code: 'BAD_REQUEST_ERROR', message: 'No' } }));
    });
  });
  const port = await listen(server, 0, '127.0.0.1');
  return { url: `http://127.0.0.1:${port}`, asked, stop: () => closeServer(server) };
}

async function readText(req: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
