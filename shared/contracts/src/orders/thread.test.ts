import { expect, test } from '@jest/globals';
import type { AnyEvent } from '../events.js';
import type { OrderParty } from './messages.js';
import { emptyThread, reduceThread, reduceThreads } from './thread.js';

const at = '2026-11-21T10:00:00.000Z';
const says = (number: number, party: OrderParty, orderId = 'o1'): AnyEvent => {
  const message = { id: `m${number}`, orderId, number, from: party, party, text: `Message ${number}`, createdAt: at };
  return { type: 'order-message', data: { orderId, messageId: message.id, from: party, text: message.text, message } };
};
const reads = (number: number, by: OrderParty, orderId = 'o1'): AnyEvent => {
  const upTo = `m${number}`;
  return { type: 'order-messages-read', data: { orderId, by, userId: by, upTo, read: { upTo, number, userId: by, at } } };
};
const after = (events: AnyEvent[]) => events.reduce(reduceThread, emptyThread('o1'));

test('messages stand newest first, once, in whatever order they arrive', () => {
  const events = [says(1, 'customer'), says(2, 'vendor'), says(3, 'customer')];
  const thread = after(events);
  expect(thread.items.map(({ number }) => number)).toEqual([3, 2, 1]);
  expect(after([...events.toReversed(), ...events])).toEqual(thread);
});

test('what was read stays read', () => {
  const thread = after([says(1, 'customer'), says(2, 'customer'), reads(2, 'vendor'), reads(1, 'vendor'), reads(1, 'customer')]);
  expect(thread.read).toMatchObject({ vendor: { number: 2, upTo: 'm2' }, customer: { number: 1 } });
});

test('other orders have threads of their own', () => {
  expect(after([says(1, 'customer', 'o2'), reads(1, 'vendor', 'o2')])).toEqual(emptyThread('o1'));
});

test('all orders of a feed, each thread by itself', () => {
  const events = [says(1, 'customer'), says(1, 'customer', 'o2'), reads(1, 'vendor', 'o2'), says(2, 'vendor')];
  const threads = events.reduce(reduceThreads, []);
  expect(threads).toEqual([after(events), events.reduce(reduceThread, emptyThread('o2'))]);
  expect(reduceThreads(threads, says(2, 'vendor'))).toBe(threads);
  expect(reduceThreads(threads, reads(1, 'vendor', 'o2'))).toBe(threads);
});
