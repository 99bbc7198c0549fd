import { expect, test } from '@jest/globals';
import { Problem } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { createCodes, passing, type Code } from './codes.js';

const now = new Date('2026-11-21T10:00:00.000Z');
const later = (ms: number): Date => new Date(now.getTime() + ms);
const key = (kid: string) => ({ kid, secret: `the secret of ${kid} for tests` });
const codes = createCodes([key('a')]);

const every: Code[] = [
  { kind: 'stall', merchantId: newId() },
  { kind: 'item', merchantId: newId(), itemId: newId(), price: 100_000_000_000, ...passing(now) },
  { kind: 'user', userId: newId(), ...passing(now) },
  { kind: 'card', userId: newId(), serial: passing(now).nonce },
  { kind: 'pickup', orderId: newId(), ...passing(now) },
  { kind: 'redemption', redemptionId: newId(), ...passing(now) },
];

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return error.code;
    throw error;
  }
  return 'accepted';
}

test('what was signed is read again, and is short and safe in a URL', () => {
  for (const code of every) {
    const text = codes.sign(code);
    expect(codes.read(text, now)).toEqual(code);
    expect(text.length).toBeLessThanOrEqual(120);
    expect(text).toMatch(/^[A-Za-z0-9._-]+$/);
  }
});

test('no character of a code can be changed, taken or added', () => {
  for (const code of every) {
    const text = codes.sign(code);
    for (let at = 0; at < text.length; at++) {
      const other = text[at] === 'A' ? 'B' : 'A';
      const forged = [
        text.slice(0, at) + other + text.slice(at + 1),
        text.slice(0, at) + text.slice(at + 1),
        text.slice(0, at) + other + text.slice(at),
      ];
      for (const one of forged) expect(refusal(() => codes.read(one, now))).toMatch(/^code-(invalid|foreign)$/);
    }
  }
});

test('garbage is no code', () => {
  const [stall] = every.map((code) => codes.sign(code));
  for (const text of [
    '',
    'x',
    'TDG1',
    'TDG1....',
    'TDG2' + stall!.slice(4),
    `${stall}\n`,
    ` ${stall}`,
    stall!.repeat(9),
    'TDG1.toString.aaaaaa.x.' + 'A'.repeat(22),
  ]) {
    expect(refusal(() => codes.read(text, now))).toBe('code-invalid');
  }
});

test('a code that changes has an end, one that is printed has none', () => {
  const passes = (code: Code): boolean => 'expiresAt' in code;
  for (const text of every.filter(passes).map((code) => codes.sign(code))) {
    expect(refusal(() => codes.read(text, later(299_999)))).toBe('accepted');
    expect(refusal(() => codes.read(text, later(300_000)))).toBe('code-expired');
  }
  for (const code of every.filter((one) => !passes(one)))
    expect(refusal(() => codes.read(codes.sign(code), later(10 * 365 * 86_400_000)))).toBe('accepted');
});

test('a forged code that has expired is forged', () => {
  const text = codes.sign({ kind: 'user', userId: newId(), ...passing(now) });
  expect(refusal(() => codes.read(`${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`, later(1e9)))).toBe('code-invalid');
});

test('codes of another installation, and of another kind than asked for, are foreign', () => {
  for (const code of every) {
    const text = createCodes([key('b')]).sign(code);
    expect(refusal(() => codes.read(text, now))).toBe('code-foreign');
    for (const { kind } of every) {
      expect(refusal(() => codes.readAs(kind, codes.sign(code), now))).toBe(kind === code.kind ? 'accepted' : 'code-foreign');
    }
  }
});

test('a code outlives a rotation of the keys while its key is kept', () => {
  const [old, rotated, done] = [createCodes([key('a')]), createCodes([key('b'), key('a')]), createCodes([key('b')])];
  const text = old.sign(every[0]!);
  expect(rotated.read(text, now)).toEqual(every[0]);
  expect(refusal(() => done.read(text, now))).toBe('code-foreign');
  expect(done.read(rotated.sign(every[0]!), now)).toEqual(every[0]);
});

test('each code that changes is one of its own', () => {
  const nonces = Array.from({ length: 1_000 }, () => passing(now).nonce);
  expect(new Set(nonces).size).toBe(1_000);
});
