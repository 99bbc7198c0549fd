import { weekdays, type HoursException, type OpenInterval, type OpeningHours } from '@tidings/contracts';
import { Temporal } from 'temporal-polyfill';

/** What decides whether a merchant takes orders at a time. */
export interface SellingRules {
  /** IANA; of the hours and the dates. */
  timeZone: string;
  /** null: always open. */
  hours: OpeningHours | null;
  exceptions: readonly HoursException[];
  /** null: not paused. Without `until`: until somebody resumes. */
  pause: { until: Date | null } | null;
}

/** As clocks tell it; it holds until `nextChangeAt`. */
export interface SellingStatus {
  open: boolean;
  paused: boolean;
  /** null: for ever. */
  nextChangeAt: Date | null;
}

/** From the day before a date on, whose shift may reach into it, these hold every weekday's turn. */
const daysAhead = 10;

/** By hours and pause. Pure: the same rules and time give the same answer. */
export function sellingStatus(rules: SellingRules, now: Date): SellingStatus {
  const { pause, hours, exceptions } = rules;
  if (pause && (pause.until === null || now < pause.until)) return { open: false, paused: true, nextChangeAt: pause.until };
  if (!hours && exceptions.length === 0) return { open: true, paused: false, nextChangeAt: null };
  const shifts = shiftsOf(rules);
  const isOpen = isWithin(shifts, rules.timeZone, now);
  const turn = nextTurn(rules, shifts, { now, isOpen });
  return { open: isOpen, paused: false, nextChangeAt: turn };
}

/** What begins on a date, as instants. */
type Shifts = (date: Temporal.PlainDate) => readonly { from: Date; to: Date }[];

function isWithin(shifts: Shifts, timeZone: string, time: Date): boolean {
  const today = dateIn(timeZone, time);
  // What began yesterday may go on past midnight.
  return [today.subtract({ days: 1 }), today].some((date) => shifts(date).some(({ from, to }) => from <= time && time < to));
}

/** The first time after `now` at which it opens or closes; null when there is none. */
function nextTurn({ exceptions, timeZone }: SellingRules, shifts: Shifts, { now, isOpen }: { now: Date; isOpen: boolean }): Date | null {
  for (const date of datesThatMatter(exceptions, dateIn(timeZone, now))) {
    const times = shifts(date).flatMap(({ from, to }) => [from, to]);
    const turn = times
      .toSorted((a, b) => a.getTime() - b.getTime())
      .find((time) => time > now && isWithin(shifts, timeZone, time) !== isOpen);
    if (turn) return turn;
  }
  return null;
}

/** In order: a week from yesterday on, and a week from each date with an exception, behind which the usual hours begin again. */
function datesThatMatter(exceptions: readonly HoursException[], today: Temporal.PlainDate): Temporal.PlainDate[] {
  const yesterday = today.subtract({ days: 1 });
  const starts = [yesterday, ...exceptions.map(({ date }) => Temporal.PlainDate.from(date).subtract({ days: 1 }))];
  const dates = starts.flatMap((start) => Array.from({ length: daysAhead }, (_, days) => start.add({ days }).toString()));
  return [...new Set(dates)]
    .filter((date) => date >= yesterday.toString())
    .toSorted()
    .map((date) => Temporal.PlainDate.from(date));
}

const wholeDay: readonly OpenInterval[] = [{ from: '00:00', to: '00:00' }];

function shiftsOf({ hours, exceptions, timeZone }: SellingRules): Shifts {
  const exceptional = new Map(exceptions.map((exception) => [exception.date, exception.hours]));
  const known = new Map<string, ReturnType<Shifts>>();
  return (date) => {
    const day = date.toString();
    const usual = hours ? (hours[weekdays[date.dayOfWeek - 1] ?? 'monday'] ?? []) : wholeDay;
    const shifts =
      known.get(day) ??
      (exceptional.get(day) ?? usual).map(({ from, to }) => ({
        from: instantOf(date, from, timeZone),
        to: instantOf(to > from ? date : date.add({ days: 1 }), to, timeZone),
      }));
    known.set(day, shifts);
    return shifts;
  };
}

const dateIn = (timeZone: string, time: Date): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(time.getTime()).toZonedDateTimeISO(timeZone).toPlainDate();

/** A time that clocks skip in spring is as much later; of one that they show twice in autumn it is the first (RFC 5545, 3.3.5). */
const instantOf = (date: Temporal.PlainDate, time: string, timeZone: string): Date =>
  new Date(date.toZonedDateTime({ timeZone, plainTime: time }).epochMilliseconds);
