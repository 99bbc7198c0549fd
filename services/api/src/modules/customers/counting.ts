import { Temporal } from 'temporal-polyfill';
import type { InteractionDocument } from '../loyalty/index.js';

/** What one interaction adds, by the names of the fields of a day. */
export type Additions = Record<string, number>;

const awards: readonly unknown[] = ['visit', 'order', 'manual'];

function additionsOf({ kind, isFirst, delta = 0, source }: InteractionDocument, hour: number): Additions {
  switch (kind) {
    case 'scan':
      return { scans: 1, [isFirst ? 'newCustomers' : 'returning']: 1, [`hours.${hour}`]: 1 };
    case 'enrollment-requested':
      return { enrollmentsRequested: 1 };
    case 'enrollment-approved':
      return { enrolled: 1 };
    case 'points-posted':
      // What was taken back was issued all the same, and on another day, maybe: figures of a day only grow.
      if (delta > 0 && awards.includes(source)) return { issued: delta };
      if (delta < 0 && source === 'reversal') return { reversed: -delta };
      if (delta < 0 && source === 'redemption') return { redeemed: -delta };
      return delta < 0 && source === 'expiry' ? { expired: -delta } : {};
    default:
      return {};
  }
}

/** Of one day as its request, so that a rate of both is of the same people. */
const scanAdditionsOf = ({ kind }: InteractionDocument): Additions =>
  kind === 'enrollment-approved' ? { scanAccepted: 1 } : { scanRequests: 1 };

/** Adds up by day of the time zone; a day on which nothing was counted is in it, too. @param timeZone IANA */
export function countByDay(interactions: readonly InteractionDocument[], timeZone: string): Map<string, Additions> {
  const days = new Map<string, Additions>();
  const timeOf = (at: Date): Temporal.ZonedDateTime => Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timeZone);
  const add = (time: Temporal.ZonedDateTime, additions: Additions): void => {
    const date = time.toPlainDate().toString();
    const day = days.get(date) ?? {};
    for (const [field, more] of Object.entries(additions)) day[field] = (day[field] ?? 0) + more;
    days.set(date, day);
  };
  for (const interaction of interactions) {
    const time = timeOf(interaction.at);
    add(time, additionsOf(interaction, time.hour));
    if (interaction.scannedAt) add(timeOf(interaction.scannedAt), scanAdditionsOf(interaction));
  }
  return days;
}
