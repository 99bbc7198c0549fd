import { createHmac } from 'node:crypto';
import { stripeEvent, stripeHeader } from '@tidings/testing';
import type { Scene } from './scene.js';

/** What somebody who is not the provider, or a provider gone mad, may post. */
export interface WebhookAttempt {
  name: string;
  body: string;
  headers: Record<string, string>;
  statuses: readonly number[];
}

/** By the name of the route. */
export const webhookAttempts: Readonly<Record<string, (scene: Scene) => Promise<{ valid: WebhookAttempt; bad: WebhookAttempt[] }>>> = {
  stripeWebhook: async ({ customer, world: { stripeSecret } }) => {
    const { body: topUp } = await customer.http.post<{ id: string }>('/api/wallet/top-ups', { amount: 700, provider: 'stripe' });
    const payload = stripeEvent({ topUpId: topUp.id, amount: 700 });
    const header = stripeHeader(stripeSecret, payload);
    const at = Math.floor(Date.now() / 1_000);
    const mac = (time: number | string, text: string, secret = stripeSecret): string =>
      createHmac('sha256', secret).update(`${time}.${text}`).digest('hex');
    const attempt = (name: string, body: string, signature: string | undefined, statuses: readonly number[] = [400]): WebhookAttempt => ({
      name,
      body,
      headers: signature === undefined ? {} : { 'stripe-signature': signature },
      statuses,
    });
    const signed = (name: string, event: unknown, statuses?: readonly number[]): WebhookAttempt => {
      const text = typeof event === 'string' ? event : JSON.stringify(event);
      return attempt(`signed: ${name}`, text, `t=${at},v1=${mac(at, text)}`, statuses);
    };
    const event = JSON.parse(payload) as { id: string; type: string; data: { object: Record<string, unknown> } };
    const withObject = (fields: Record<string, unknown>): unknown => ({ ...event, data: { object: { ...event.data.object, ...fields } } });
    return {
      valid: attempt('valid', payload, header, [200]),
      bad: [
        attempt('no signature', payload, undefined),
        ...[
          '',
          'x',
          't=,v1=',
          `t=${at}`,
          `v1=${mac(at, payload)}`,
          `t=${at},v1=`,
          `t=${at},v1=${'0'.repeat(64)}`,
          't=NaN,v1=x',
          '\u00e9',
        ].map((text) => attempt(`signature ${text.slice(0, 20)}`, payload, text)),
        attempt('another secret', payload, `t=${at},v1=${mac(at, payload, 'whsec_of_somebody_else')}`),
        attempt('an empty secret', payload, `t=${at},v1=${mac(at, payload, '')}`),
        attempt('only the old scheme', payload, `t=${at},v0=${mac(at, payload)}`),
        attempt('six minutes old', payload, `t=${at - 360},v1=${mac(at - 360, payload)}`),
        attempt('a time that was moved', payload, header.replace(/t=\d+/, `t=${at + 60}`)),
        attempt('a time that is no number', payload, `t=${at}x,v1=${mac(`${at}x`, `${payload} `)}`),
        attempt('a higher amount', payload.replaceAll('700', '70000'), header),
        attempt('one blank more', `${payload} `, header),
        attempt('a body of 2 MiB', 'x'.repeat(2 * 1024 * 1024), header, [413]),
        signed('nothing', ''),
        signed('no JSON', '{'),
        signed('a list', []),
        signed('null', 'null'),
        signed('no id', { ...event, id: undefined }),
        signed('an operator for an id', { ...event, id: { $ne: null } }),
        signed('a long id', { ...event, id: 'x'.repeat(300) }),
        signed('no type', { ...event, type: 5 }),
        signed('no object', { ...event, data: null }),
        ...[
          { amount: -1, amount_received: -1 },
          { amount: 1.5, amount_received: 1.5 },
          { amount: '700' },
          { amount: 2 ** 60 },
          { currency: 'rupees' },
          { currency: null },
          { metadata: { topUpId: { $gt: '' } } },
          { metadata: { topUpId: '../x' } },
          { metadata: 'x' },
          { id: null },
        ].map((fields) => signed(JSON.stringify(fields), withObject(fields))),
      ],
    };
  },
};
