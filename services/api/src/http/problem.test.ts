import { describe, expect, jest, test } from '@jest/globals';
import mongoose from 'mongoose';
import { toProblem } from './problem.js';

const { MongoNetworkError, MongoServerError } = mongoose.mongo;
const log = jest.fn();
const problemOf = (error: unknown) => {
  const { code, status, extra } = toProblem(error, log);
  return { code, status, retryAfterSeconds: extra.retryAfterSeconds };
};
const unavailable = { code: 'unavailable', status: 503, retryAfterSeconds: 1 };

describe('what a client is told of a failing database', () => {
  test.each([91, 189, 10_107, 11_600, 11_602, 13_435, 13_436])('code %i, a change of the primary: try again', (code) => {
    expect(problemOf(new MongoServerError({ message: 'not primary', code }))).toEqual(unavailable);
  });

  test.each(['RetryableWriteError', 'TransientTransactionError'])('the label %s: try again', (label) => {
    expect(problemOf(new MongoServerError({ message: 'again', code: 6, errorLabels: [label] }))).toEqual(unavailable);
  });

  test('no connection: try again, and nothing for the log of faults', () => {
    expect(problemOf(new MongoNetworkError('closed'))).toEqual(unavailable);
    expect(log).not.toHaveBeenCalled();
  });

  test('anything else is a fault of ours, also when its number looks like one of those', () => {
    expect(problemOf(new MongoServerError({ message: 'no such command', code: 59 })).status).toBe(500);
    expect(problemOf(Object.assign(new Error('exit'), { code: 91 })).status).toBe(500);
    expect(log).toHaveBeenCalledTimes(2);
  });
});
