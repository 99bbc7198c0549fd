import { createHash, createHmac } from 'node:crypto';
import {
  cloudinaryHeaders,
  cloudinarySecret,
  razorpayEvent,
  razorpayHeaders,
  stripeEvent,
  stripeHeader,
  zeffyHeaders,
  zeffyPayment,
  zeffyToken,
} from '@tidings/testing';
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

  razorpayWebhook: async ({ customer }) => {
    const { body: topUp } = await customer.http.post<{ id: string }>('/api/wallet/top-ups', { amount: 700, provider: 'razorpay' });
    const payload = razorpayEvent({ topUpId: topUp.id, amount: 700 });
    const headers = razorpayHeaders(payload);
    const signature = headers['x-razorpay-signature']!;
    const attempt = (name: string, body: string, given: string | undefined, statuses: readonly number[] = [400]): WebhookAttempt => ({
      name,
      body,
      headers: given === undefined ? {} : { 'x-razorpay-signature': given },
      statuses,
    });
    const signed = (name: string, event: unknown): WebhookAttempt => {
      const text = typeof event === 'string' ? event : JSON.stringify(event);
      return { name: `signed: ${name}`, body: text, headers: razorpayHeaders(text), statuses: [400] };
    };
    const event = JSON.parse(payload) as { payload: { payment: { entity: Record<string, unknown> } } };
    const withPayment = (fields: Record<string, unknown>): unknown => ({
      ...event,
      payload: { payment: { entity: { ...event.payload.payment.entity, ...fields } } },
    });
    return {
      valid: { name: 'valid', body: payload, headers, statuses: [200] },
      bad: [
        attempt('no signature', payload, undefined),
        ...['', 'x', '0'.repeat(64), signature.slice(1), `${signature}0`, '\u00e9'].map((text) =>
          attempt(`signature ${text.slice(0, 20)}`, payload, text),
        ),
        attempt('another secret', payload, createHmac('sha256', 'another').update(payload).digest('hex')),
        attempt('an empty secret', payload, createHmac('sha256', '').update(payload).digest('hex')),
        attempt('a higher amount', payload.replaceAll('700', '70000'), signature),
        attempt('one blank more', `${payload} `, signature),
        attempt('a body of 2 MiB', 'x'.repeat(2 * 1024 * 1024), signature, [413]),
        signed('nothing', ''),
        signed('no JSON', '{'),
        signed('a list', []),
        signed('no event', { ...event, event: undefined }),
        signed('no payload', { ...event, payload: null }),
        signed('no payment', { ...event, payload: {} }),
        ...[
          { amount: -1 },
          { amount: 1.5 },
          { amount: '700' },
          { currency: 'rupees' },
          { notes: { topUpId: { $gt: '' } } },
          { notes: { topUpId: '../x' } },
          { notes: ['x'] },
          { notes: 'x' },
          { id: null },
          { order_id: { $ne: 1 } },
        ].map((fields) => signed(JSON.stringify(fields), withPayment(fields))),
      ],
    };
  },

  zeffyWebhook: async ({ customer }) => {
    const { body: topUp } = await customer.http.post<{ id: string }>('/api/wallet/top-ups', { amount: 700, provider: 'zeffy' });
    const payload = zeffyPayment({ amount: 700, reference: topUp.id });
    const headers = zeffyHeaders(payload);
    const attempt = (name: string, body: string, given: Record<string, string>, statuses: readonly number[] = [400]): WebhookAttempt => ({
      name,
      body,
      headers: given,
      statuses,
    });
    const signed = (name: string, payment: unknown): WebhookAttempt => {
      const text = typeof payment === 'string' ? payment : JSON.stringify(payment);
      return attempt(`signed: ${name}`, text, zeffyHeaders(text));
    };
    const payment = JSON.parse(payload) as Record<string, unknown>;
    const ago = (seconds: number) => zeffyHeaders(payload, 'msg_1', new Date(Date.now() + seconds * 1_000));
    return {
      valid: attempt('valid', payload, headers, [200]),
      bad: [
        attempt('no signature', payload, {}),
        ...Object.keys(headers).flatMap((name) =>
          ['', 'x', 'v1', 'v1,', '-1'].map((value) => attempt(`${name}: ${value}`, payload, { ...headers, [name]: value })),
        ),
        attempt('another id', payload, { ...headers, 'webhook-id': 'msg_another' }),
        attempt('too old', payload, ago(-400)),
        attempt('of the future', payload, ago(400)),
        attempt('a higher amount', payload.replaceAll('700', '70000'), headers),
        attempt('one blank more', `${payload} `, headers),
        ...[
          '',
          'Bearer',
          'Bearer ',
          'Bearer x',
          `Basic ${zeffyToken}`,
          zeffyToken,
          `Bearer ${zeffyToken}x`,
          `Bearer zapier:${zeffyToken}`,
        ].map((authorization) => attempt(`authorization ${authorization.slice(0, 12)}`, payload, { authorization })),
        attempt('a body of 2 MiB', 'x'.repeat(2 * 1024 * 1024), { authorization: `Bearer ${zeffyToken}` }, [413]),
        signed('nothing', ''),
        signed('no JSON', '{'),
        signed('a list', []),
        ...[
          { paymentId: null },
          { paymentId: { $ne: null } },
          { paymentId: 'x'.repeat(300) },
          { amount: -1 },
          { amount: 7.5 },
          { amount: '700' },
          { currency: 'rupees' },
          { email: { $gt: '' } },
          { reference: { $gt: '' } },
          { reference: 'x'.repeat(300) },
          { customFields: 'x' },
        ].map((fields) => signed(JSON.stringify(fields), { ...payment, ...fields })),
      ],
    };
  },
  cloudinaryWebhook: async () => {
    const data = { id: 'ext-1', name: 'Zarya Store', owner_name: 'Asha', email: 'zarya@example.com', created_at: '2026-01-02 03:04:05' };
    const payload = JSON.stringify({ type: 'merchant_created', data });
    const headers = cloudinaryHeaders(payload);
    const { 'x-cld-timestamp': timestamp = '', 'x-cld-signature': signature = '' } = headers;
    const mac = (text: string, time = timestamp, secret = cloudinarySecret): string =>
      createHash('sha1').update(`${text}${time}${secret}`).digest('hex');
    const attempt = (name: string, body: string, given: Record<string, string>, statuses: readonly number[] = [400]): WebhookAttempt => ({
      name,
      body,
      headers: given,
      statuses,
    });
    const ago = (seconds: number) => cloudinaryHeaders(payload, new Date(Date.now() - seconds * 1_000));
    const signed = (name: string, event: unknown): WebhookAttempt => {
      const text = typeof event === 'string' ? event : JSON.stringify(event);
      return attempt(`signed: ${name}`, text, cloudinaryHeaders(text));
    };
    const subscription = { merchant_id: 'ext-1', plan: 'basic' };
    const upload = { notification_type: 'upload', public_id: 'merchants/ext-1/logo', secure_url: 'https://res.cloudinary.com/x.png' };
    return {
      valid: attempt('valid', payload, headers, [200]),
      bad: [
        attempt('no headers', payload, {}),
        attempt('no signature', payload, { 'x-cld-timestamp': timestamp }),
        attempt('no time', payload, { 'x-cld-signature': signature }),
        ...['', 'x', '0'.repeat(40), '0'.repeat(64), signature.slice(1), `${signature}0`, signature.toUpperCase(), '\u00e9'].map((text) =>
          attempt(`signature ${text.slice(0, 20)}`, payload, { ...headers, 'x-cld-signature': text }),
        ),
        ...['', 'NaN', '-1', '1e9', `${timestamp}0`, timestamp.slice(1), `${Number(timestamp) + 1}`].map((time) =>
          attempt(`time ${time}`, payload, { ...headers, 'x-cld-timestamp': time }),
        ),
        attempt('a time that is no number, signed', payload, { 'x-cld-timestamp': 'x', 'x-cld-signature': mac(payload, 'x') }),
        attempt('more than two hours old', payload, ago(7_400)),
        attempt('of the future', payload, ago(-600)),
        attempt('another secret', payload, { ...headers, 'x-cld-signature': mac(payload, timestamp, 'another') }),
        attempt('an empty secret', payload, { ...headers, 'x-cld-signature': mac(payload, timestamp, '') }),
        attempt('another address', payload.replace('zarya@', 'mallory@'), headers),
        attempt('one blank more', `${payload} `, headers),
        attempt('a body of 2 MiB', 'x'.repeat(2 * 1024 * 1024), headers, [413]),
        signed('nothing', ''),
        signed('no JSON', '{'),
        signed('a list', []),
        signed('null', 'null'),
        signed('no type', { data }),
        signed('an operator for a type', { type: { $ne: '' }, data }),
        signed('an operator for an id', { id: { $ne: '' }, type: 'merchant_created', data }),
        signed('no data', { type: 'merchant_created' }),
        ...[
          { id: undefined },
          { id: { $gt: '' } },
          { id: 'x'.repeat(300) },
          { name: '' },
          { name: 'x'.repeat(200) },
          { name: { $gt: '' } },
          { email: 'nobody' },
          { phone: 'x'.repeat(100) },
          { category: '<b>' },
          { is_active: 'yes' },
          { updated_at: 'yesterday' },
          { updated_at: '2026-13-01 00:00:00' },
          { updated_at: 7 },
        ].flatMap((fields) => [
          signed(`merchant_created ${JSON.stringify(fields)}`, { type: 'merchant_created', data: { ...data, ...fields } }),
          ...('name' in fields && fields.name === ''
            ? []
            : [signed(`merchant_updated ${JSON.stringify(fields)}`, { type: 'merchant_updated', data: { ...data, ...fields } })]),
        ]),
        ...[
          { merchant_id: undefined },
          { merchant_id: { $gt: '' } },
          { plan: 'gold' },
          { status: 'paused' },
          { end_date: 'soon' },
          { end_date: '2026-13-01 00:00:00' },
          { notes: 'x'.repeat(2_000) },
          { notes: { $gt: '' } },
        ].map((fields) =>
          signed(`subscription_updated ${JSON.stringify(fields)}`, { type: 'subscription_updated', data: { ...subscription, ...fields } }),
        ),
        ...[
          { public_id: 7 },
          { secure_url: 'javascript:alert(1)' },
          { secure_url: 'file:///etc/passwd' },
          { timestamp: 'yesterday' },
          { context: 'x' },
          { context: { custom: { merchant_id: { $gt: '' } } } },
        ].map((fields) => signed(`upload ${JSON.stringify(fields)}`, { ...upload, ...fields })),
      ],
    };
  },
};
