import { serveRequests } from './ipc.js';
import { pace } from './pace.js';
import { post } from './post.js';

/** Customers who order over plain HTTP: their connections would measure the gateway, which other rows do. */
export interface OrderRequest {
  url: string;
  vendorId: string;
  itemId: string;
  /** Of the customers, who order in turns. */
  tokens: readonly string[];
  seconds: number;
  /** As many orders a second, whatever the answers; else `abreast`. */
  perSecond?: number;
  /** As many orders under way all the time. */
  abreast?: number;
}

export interface Ordered {
  /** From the moment at which an order was due to its last answer. */
  milliseconds: number[];
  paid: number;
  /** Answers by which an order was put off (503), and connections that ended under one; it is asked again with its key. */
  putOff: number;
  cutOff: number;
  /** Final answers that were no order. */
  refused: string[];
  seconds: number;
}

let keys = 0;

async function order({ url, vendorId, itemId }: OrderRequest, token: string, result: Ordered): Promise<void> {
  const body = JSON.stringify({ vendorId, items: [{ itemId, quantity: 1 }] });
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': `hot-${process.pid}-${++keys}` };
  const start = performance.now();
  let answer = await post(`${url}/api/orders`, body, headers);
  for (; answer.status === 503 || answer.status === 0; answer = await post(`${url}/api/orders`, body, headers)) {
    if (answer.status === 503) result.putOff++;
    else result.cutOff++;
  }
  result.milliseconds.push(performance.now() - start);
  if (answer.status === 201) result.paid++;
  else result.refused.push(`${answer.status} ${answer.text}`);
}

serveRequests({
  async order(request: OrderRequest): Promise<Ordered> {
    const { tokens, seconds, perSecond, abreast } = request;
    const result: Ordered = { milliseconds: [], paid: 0, putOff: 0, cutOff: 0, refused: [], seconds: 0 };
    const start = performance.now();
    const orders: Promise<void>[] = [];
    let turn = 0;
    const next = (): Promise<void> => order(request, tokens[turn++ % tokens.length]!, result);
    if (perSecond !== undefined) {
      const emit = (from: number, to: number): void => {
        for (let index = from; index < to; index++) orders.push(next());
      };
      await pace({ perSecond, seconds, emit });
    } else {
      const loop = async (): Promise<void> => {
        while (performance.now() - start < seconds * 1_000) await next();
      };
      for (let index = 0; index < (abreast ?? 1); index++) orders.push(loop());
    }
    await Promise.all(orders);
    return { ...result, seconds: (performance.now() - start) / 1_000 };
  },
});
