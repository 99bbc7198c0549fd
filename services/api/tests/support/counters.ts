import { Problem, type Principal, type ProgramInput, type ScanInput } from '@tidings/contracts';
import type { OutboxEvent, Tx } from '@tidings/feed';
import { createCodes, passing, userCodeValidMs } from '../../src/codes/codes.js';
import type { Scanned } from '../../src/modules/scans/scanned.js';
import { openClub, type Club } from './clubs.js';
import { answered } from './cards.js';
import type { Domain } from './domain.js';

/** Where customers' codes are scanned. Its clock stands still: `ms` is how far after `begins` something happens, however busy the machine is. */
export interface Counter extends Omit<Club, 'scan'> {
  begins: number;
  /** What the customer's app shows. */
  code(customer: Principal, ms?: number): string;
  scan(code: string, options?: Partial<Omit<ScanInput, 'code'>> & { by?: Principal; ms?: number }): Promise<Scanned>;
  /** The code of the refusal, also of one that was kept. */
  refusal(code: string, options?: Parameters<Counter['scan']>[1]): Promise<string>;
  /** A customer who is in the program. */
  friend(): Promise<Principal>;
  /** How often everything that could be noted of a customer was. */
  traces(customer: Principal): Promise<number>;
}

export async function openCounter(domain: Domain, settings: Partial<ProgramInput> = {}): Promise<Counter> {
  const club = await openClub(domain, settings);
  const { merchantId, member } = club;
  const codes = createCodes(domain.config.jwtKeys);
  const begins = Date.now();
  const scan: Counter['scan'] = async (code, { by = member, ms = 0, ...fields } = {}) => {
    const at = (tx: Tx): Tx => ({ ...tx, now: new Date(begins + ms) });
    const { result } = await domain.run((tx) => domain.scans.scans.scan(at(tx), by, { code, ...fields }), by.userId);
    return answered(result);
  };
  return {
    ...club,
    begins,
    code: ({ userId }, ms = 0) => codes.sign({ kind: 'user', userId, ...passing(new Date(begins + ms), userCodeValidMs) }),
    scan,
    refusal: (code, options) =>
      scan(code, options).then(
        () => 'accepted',
        (error: unknown) => {
          if (error instanceof Problem) return error.code;
          throw error;
        },
      ),
    async friend() {
      const customer = await domain.person();
      const { _id } = await club.join(customer);
      if (club.program.enrollment === 'approval') await club.decide(member, _id, 'accept');
      return customer;
    },
    async traces({ userId }) {
      const { db } = domain.mongo;
      const kept = await Promise.all([
        ...['scans', 'interactions', 'enrollments', 'cards', 'points'].map((name) => db.collection(name).countDocuments({ userId })),
        db.collection<{ _id: string }>('last_scans').countDocuments({ _id: `${merchantId}:${userId}` }),
        db.collection<OutboxEvent>('outbox').countDocuments({ feeds: `merchant:${merchantId}`, 'data.userId': userId }),
      ]);
      return kept.reduce((sum, count) => sum + count, 0);
    },
  };
}
