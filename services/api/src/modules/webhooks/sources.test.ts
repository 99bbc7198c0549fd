import { describe, expect, test } from '@jest/globals';
import { v2 as cloudinary } from 'cloudinary';
import Razorpay from 'razorpay';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { createSources } from './sources/index.js';

const secrets = {
  stripe: 'whsec_of_stripe_for_tests',
  razorpay: 'secret of razorpay for tests',
  zeffy: { secret: `whsec_${Buffer.from('secret of zeffy for tests').toString('base64')}`, sources: { zapier: 'token-of-zapier-1234' } },
  cloudinary: 'api secret of cloudinary for tests',
};
const ours = createSources(secrets);
const body = JSON.stringify({ id: 'evt_1', amount: 500, note: 'Café ☕ \u{1F3AA}' });
const bytes = Buffer.from(body);
const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000);
const now = (): Date => new Date();
const ago = (ms: number): Date => new Date(Date.now() - ms);
const refused = expect.objectContaining({ code: 'invalid-signature' });

/** What each provider's own library makes. */
const theirs = {
  stripe: (payload: string, at = now(), secret = secrets.stripe) => ({
    'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp: seconds(at) }),
  }),
  zeffy: (payload: string, at = now(), secret = secrets.zeffy.secret) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(seconds(at)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, payload),
  }),
};

describe('Stripe', () => {
  test('we accept what its library signs, and its library what we sign', () => {
    const headers = theirs.stripe(body);
    expect(ours.stripe.verify(bytes, headers).headers).toEqual(headers);
    const signed = ours.stripe.sign(body, { id: 'evt_1', at: now() });
    expect(Stripe.webhooks.constructEvent(bytes, signed['stripe-signature']!, secrets.stripe)).toMatchObject({ id: 'evt_1' });
  });

  test('another body, secret or scheme, and an old one, are refused by both', () => {
    const other = theirs.stripe(body, now(), 'whsec_another');
    const old = theirs.stripe(body, ago(301_000));
    for (const [text, headers] of [
      [`${body} `, theirs.stripe(body)],
      [body, other],
      [body, old],
      [body, { 'stripe-signature': theirs.stripe(body)['stripe-signature'].replace('v1=', 'v0=') }],
    ] as const) {
      expect(() => ours.stripe.verify(Buffer.from(text), headers)).toThrow(refused);
      expect(() => Stripe.webhooks.constructEvent(text, headers['stripe-signature'], secrets.stripe, 300)).toThrow();
    }
  });
});

describe('Razorpay', () => {
  const theyAccept = (text: string, signature: string): boolean => Razorpay.validateWebhookSignature(text, signature, secrets.razorpay);

  test('its library accepts what we sign, and we accept just that', () => {
    const headers = ours.razorpay.sign(body, { id: 'evt_9', at: now() });
    const signature = headers['x-razorpay-signature']!;
    expect(theyAccept(body, signature)).toBe(true);
    expect(ours.razorpay.verify(bytes, headers)).toEqual({ id: 'evt_9', headers });
  });

  test('another body, secret or form of the signature is refused by both', () => {
    const signature = ours.razorpay.sign(body, { id: 'x', at: now() })['x-razorpay-signature']!;
    const other = createSources({ razorpay: 'another' }).razorpay.sign(body, { id: 'x', at: now() })['x-razorpay-signature']!;
    for (const [text, given] of [
      [`${body} `, signature],
      [body, other],
      [body, signature.toUpperCase()],
      [body, signature.slice(2)],
      [body, `${signature}00`],
    ] as const) {
      expect(theyAccept(text, given)).toBe(false);
      expect(() => ours.razorpay.verify(Buffer.from(text), { 'x-razorpay-signature': given })).toThrow(refused);
    }
  });

  test('a signature is over bytes: one of bytes that are no text is right for those alone', () => {
    const odd = Buffer.from([0x7b, 0xff, 0xfe, 0x7d]);
    const { 'x-razorpay-signature': asText = '' } = ours.razorpay.sign(odd.toString('utf8'), { id: 'x', at: now() });
    expect(() => ours.razorpay.verify(odd, { 'x-razorpay-signature': asText })).toThrow(refused);
  });
});

describe('Zeffy', () => {
  const webhook = new Webhook(secrets.zeffy.secret);

  test('we accept what the Standard Webhooks library signs, and it what we sign', () => {
    const headers = theirs.zeffy(body);
    expect(ours.zeffy.verify(bytes, headers)).toEqual({ id: 'msg_1', headers });
    expect(webhook.verify(body, ours.zeffy.sign(body, { id: 'msg_2', at: now() }))).toMatchObject({ id: 'evt_1' });
  });

  test('another body, id, time or secret, and an old one, are refused by both', () => {
    const headers = theirs.zeffy(body);
    const other = `whsec_${Buffer.from('another secret').toString('base64')}`;
    for (const [text, given] of [
      [`${body} `, headers],
      [body, { ...headers, 'webhook-id': 'msg_2' }],
      [body, { ...headers, 'webhook-timestamp': String(seconds(now()) + 60) }],
      [body, theirs.zeffy(body, now(), other)],
      [body, theirs.zeffy(body, ago(400_000))],
      [body, { ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1,', 'v2,') }],
    ] as const) {
      expect(() => ours.zeffy.verify(Buffer.from(text), given)).toThrow(refused);
      expect(() => webhook.verify(text, given)).toThrow();
    }
  });

  test('an automation may have a token of its own instead, which is not kept', () => {
    const verified = ours.zeffy.verify(bytes, { authorization: 'Bearer token-of-zapier-1234' });
    expect(verified).toEqual({ headers: { source: 'zapier' } });
    for (const authorization of ['Bearer token-of-zapier-123', 'Bearer  token-of-zapier-1234', 'token-of-zapier-1234', 'Bearer'])
      expect(() => ours.zeffy.verify(bytes, { authorization })).toThrow(refused);
  });
});

describe('Cloudinary', () => {
  // Its library takes the algorithm from the account's settings, as does Cloudinary.
  const configure = (signature_algorithm: string) => cloudinary.config({ api_secret: secrets.cloudinary, signature_algorithm });
  const theyAccept = (text: string, { 'x-cld-timestamp': at = '', 'x-cld-signature': signature = '' }: Record<string, string>): boolean =>
    cloudinary.utils.verifyNotificationSignature(text, Number(at), signature);
  const theySign = (text: string, { at = now(), secret = secrets.cloudinary, algorithm = 'sha1' } = {}) => ({
    'x-cld-timestamp': String(seconds(at)),
    'x-cld-signature': cloudinary.utils.webhook_signature(text, seconds(at), { api_secret: secret, signature_algorithm: algorithm }),
  });

  test.each(['sha1', 'sha256'])('we accept what its library signs by %s', (algorithm) => {
    configure(algorithm);
    const headers = theySign(body, { algorithm });
    expect(theyAccept(body, headers)).toBe(true);
    expect(ours.cloudinary.verify(bytes, headers)).toEqual({ headers });
  });

  test('its library accepts what we sign', () => {
    configure('sha1');
    const headers = ours.cloudinary.sign(body, { id: 'x', at: now() });
    expect(theyAccept(body, headers)).toBe(true);
    expect(ours.cloudinary.verify(bytes, headers)).toEqual({ headers });
  });

  test('another body, time, secret or form of the signature is refused by both', () => {
    configure('sha1');
    const headers = theySign(body);
    const { 'x-cld-signature': signature } = headers;
    for (const [text, given] of [
      [`${body} `, headers],
      [body, { ...headers, 'x-cld-timestamp': String(seconds(now()) + 60) }],
      [body, theySign(body, { secret: 'another' })],
      [body, { ...headers, 'x-cld-signature': signature.toUpperCase() }],
      [body, { ...headers, 'x-cld-signature': signature.slice(1) }],
      [body, { ...headers, 'x-cld-signature': `${signature}0` }],
      [body, { ...headers, 'x-cld-signature': '' }],
      [body, { ...headers, 'x-cld-signature': '0'.repeat(64) }],
    ] as const) {
      expect(theyAccept(text, given)).toBe(false);
      expect(() => ours.cloudinary.verify(Buffer.from(text), given)).toThrow(refused);
    }
  });

  test('one is good for two hours, and may be of a clock that is a little ahead', () => {
    configure('sha1');
    for (const [age, isGood] of [
      [7_100_000, true],
      [7_300_000, false],
      [-200_000, true],
    ] as const) {
      const headers = theySign(body, { at: ago(age) });
      expect(theyAccept(body, headers)).toBe(isGood);
      if (isGood) expect(ours.cloudinary.verify(bytes, headers)).toEqual({ headers });
      else expect(() => ours.cloudinary.verify(bytes, headers)).toThrow(refused);
    }
    // Its library takes any time that is to come: such a signature would never end.
    expect(() => ours.cloudinary.verify(bytes, theySign(body, { at: ago(-400_000) }))).toThrow(refused);
  });

  test('the end of the body is not taken for a time', () => {
    const { 'x-cld-timestamp': at, 'x-cld-signature': signature } = theySign('{"n":1}');
    const moved = { 'x-cld-timestamp': at.slice(1), 'x-cld-signature': signature };
    expect(() => ours.cloudinary.verify(Buffer.from(`{"n":1}${at.slice(0, 1)}`), moved)).toThrow(refused);
  });
});

test('a provider whose secret is not set signs nothing that we accept', () => {
  const none = createSources({});
  expect(() => none.stripe.verify(bytes, theirs.stripe(body))).toThrow(refused);
  expect(() => none.razorpay.verify(bytes, ours.razorpay.sign(body, { id: 'x', at: now() }))).toThrow(refused);
  expect(() => none.zeffy.verify(bytes, theirs.zeffy(body))).toThrow(refused);
  expect(() => none.zeffy.verify(bytes, { authorization: 'Bearer token-of-zapier-1234' })).toThrow(refused);
  expect(() => none.cloudinary.verify(bytes, ours.cloudinary.sign(body, { id: 'x', at: now() }))).toThrow(refused);
});
