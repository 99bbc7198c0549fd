import {
  type AdminNoticesQuery,
  type AnnouncementInput,
  badField,
  type Principal,
  Problem,
  type Role,
  type SystemEventInput,
} from '@tidings/contracts';
import type { AuditChange, Tx, UnitOfWork } from '@tidings/feed';
import { newId, type JobHandler } from '@tidings/platform';
import { olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { presentNotice, type NoticeDocument, type NoticeModels } from './notices.model.js';

export const noticeJobKind = 'notice';

/** Announcements and system events. What has to happen at a time is a durable job that claims the notice by its status: twice is once. */
export interface Notices {
  /** @throws Problem `bad-request` for a time that is too far off */
  announce(tx: Tx, input: AnnouncementInput): Promise<NoticeDocument>;
  /** @throws Problem `bad-request` for times that make no sense */
  plan(tx: Tx, input: SystemEventInput): Promise<NoticeDocument>;
  /** @throws Problem `not-found`; `invalid-transition` for one that was told */
  cancelAnnouncement(tx: Tx, id: string): Promise<void>;
  /** Calls off one that is to come, or ends one that is under way. @throws Problem `not-found`; `invalid-transition` for one that is over */
  endSystemEvent(tx: Tx, id: string): Promise<void>;
  /** Latest first, all of them. */
  list(query: AdminNoticesQuery): Promise<Paged<NoticeDocument>>;
  /** Latest first, what is shown now to somebody with these roles. */
  shownTo(caller: Pick<Principal, 'roles'>, query: Omit<AdminNoticesQuery, 'status'>, now?: Date): Promise<Paged<NoticeDocument>>;
  /** The job that starts or ends a notice at its time. */
  turn: JobHandler;
}

/** An announcement is shown for a week. */
const announcementMs = 7 * 86_400_000;
const furthestMs = 366 * 86_400_000;
const latestFirst = { startsAt: -1, _id: -1 } as const;

export function createNotices({ models, unitOfWork }: { models: NoticeModels; unitOfWork: UnitOfWork }): Notices {
  const { notices } = models;

  const store = async (
    tx: Tx,
    fields: Pick<NoticeDocument, 'kind' | 'title' | 'message' | 'severity' | 'role' | 'startsAt' | 'endsAt'>,
  ): Promise<NoticeDocument> => {
    const status = fields.startsAt > tx.now ? 'scheduled' : 'current';
    const notice: NoticeDocument = { _id: newId(), ...fields, status, version: 1, createdBy: tx.actor, createdAt: tx.now };
    await notices.insertMany([notice], { session: tx.session });
    if (status === 'scheduled') await tx.job(jobOf(notice, 'start', notice.startsAt));
    // An announcement leaves the screens by the clock; of a system event clients are told.
    if (notice.endsAt && notice.kind !== 'announcement') await tx.job(jobOf(notice, 'end', notice.endsAt));
    const { kind, title, role, startsAt, endsAt } = notice;
    await tx.audit({
      action: kind === 'announcement' ? 'announcement.create' : 'system-event.create',
      target: `notice:${notice._id}`,
      details: { kind, title, role, startsAt: startsAt.toISOString(), endsAt: endsAt?.toISOString() ?? null },
      before: null,
      after: presentNotice(notice),
    });
    return notice;
  };

  /** The one way in which a notice changes: from a status that is claimed, so that of two who do it one does. */
  const claim = async (
    tx: Tx,
    filter: { _id: string; kind?: 'announcement' | { $ne: 'announcement' } },
    from: readonly NoticeDocument['status'][],
    to: NoticeDocument['status'],
  ): Promise<NoticeDocument | null> =>
    notices
      .findOneAndUpdate(
        { ...filter, status: { $in: from } },
        { $set: { status: to }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<NoticeDocument>();

  const refuse = async (tx: Tx, filter: Record<string, unknown>): Promise<never> => {
    const known = await notices.findOne(filter, { status: 1 }).session(tx.session).lean<Pick<NoticeDocument, 'status'>>();
    throw known ? new Problem('invalid-transition', `The notice is ${known.status}`) : new Problem('not-found', 'There is no such notice');
  };

  const page = async (
    filters: Record<string, unknown>[],
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<Paged<NoticeDocument>> => {
    const found = await notices
      .find({ $and: [...filters, olderThan(cursor, 'startsAt')] })
      .sort(latestFirst)
      .limit(limit + 1)
      .lean<NoticeDocument[]>();
    return pageByTime(found, limit, 'startsAt');
  };

  return {
    async announce(tx, { title, message, severity = 'info', role, startsAt }) {
      const from = laterOf(tx.now, startsAt);
      const endsAt = new Date(from.getTime() + announcementMs);
      const notice = await store(tx, { kind: 'announcement', title, message, severity, role: role ?? null, startsAt: from, endsAt });
      if (notice.status === 'current') tell(tx, notice);
      return notice;
    },

    async plan(tx, { title, message, severity = 'warning', kind, startsAt, endsAt }) {
      const from = laterOf(tx.now, startsAt);
      const until = endsAt === undefined ? null : new Date(endsAt);
      if (until && (until <= from || until.getTime() - tx.now.getTime() > furthestMs)) {
        throw badField('endsAt', 'must be later than the start, and within a year');
      }
      const notice = await store(tx, { kind, title, message, severity, role: null, startsAt: from, endsAt: until });
      tell(tx, notice, notice.status === 'current' ? 'started' : 'announced');
      return notice;
    },

    async cancelAnnouncement(tx, id) {
      const filter = { _id: id, kind: 'announcement' as const };
      const cancelled = await claim(tx, filter, ['scheduled'], 'cancelled');
      if (!cancelled) return refuse(tx, filter);
      await tx.audit({ action: 'announcement.cancel', target: `notice:${id}`, ...changeOf(cancelled, 'scheduled') });
    },

    async endSystemEvent(tx, id) {
      const filter = { _id: id, kind: { $ne: 'announcement' as const } };
      const cancelled = await claim(tx, filter, ['scheduled'], 'cancelled');
      const changed = cancelled ?? (await claim(tx, filter, ['current'], 'ended'));
      if (!changed) return refuse(tx, filter);
      tell(tx, changed, cancelled ? 'cancelled' : 'ended');
      await tx.audit({
        action: cancelled ? 'system-event.cancel' : 'system-event.end',
        target: `notice:${id}`,
        ...changeOf(changed, cancelled ? 'scheduled' : 'current'),
      });
    },

    list: ({ status, ...paging }) => page([status ? { status } : {}], paging),

    shownTo({ roles }, paging, now = new Date()) {
      return page(
        [
          { $or: [{ status: 'current' }, { status: 'scheduled', kind: { $ne: 'announcement' } }] },
          { role: { $in: [null, ...(roles as Role[])] } },
          { $or: [{ endsAt: null }, { endsAt: { $gt: now } }] },
        ],
        paging,
      );
    },

    async turn(job, finish) {
      const { id: _id, phase } = job.data as { id: string; phase: 'start' | 'end' };
      await unitOfWork.run({ actor: null }, async (tx) => {
        if (!(await finish(tx.session))) return;
        // Whoever was away at the start, too, goes straight to the end.
        const changed =
          phase === 'start'
            ? await claim(tx, { _id }, ['scheduled'], 'current')
            : await claim(tx, { _id }, ['scheduled', 'current'], 'ended');
        if (changed) tell(tx, changed, phase === 'start' ? 'started' : 'ended');
      });
    },
  };
}

function jobOf({ _id: id }: NoticeDocument, phase: 'start' | 'end', dueAt: Date) {
  return { kind: noticeJobKind, key: `notice:${id}:${phase}`, data: { id, phase }, dueAt };
}

type Phase = 'announced' | 'started' | 'ended' | 'cancelled';

function tell(tx: Tx, document: NoticeDocument, phase: Phase = 'started'): void {
  const notice = presentNotice(document);
  const { kind, title, message, severity, role, startsAt, endsAt } = notice;
  const words = { title, message, severity, startsAt, ...(endsAt ? { endsAt } : {}), notice };
  const to = role ? { role } : {};
  if (kind === 'announcement') tx.emit('announcement', words, to);
  else tx.emit('system-event', { ...words, kind, phase }, to);
}

/** A time that has passed already is now. */
function laterOf(now: Date, startsAt: string | undefined): Date {
  if (startsAt === undefined) return now;
  const start = new Date(startsAt);
  if (start.getTime() - now.getTime() > furthestMs) throw badField('startsAt', 'must be within a year');
  return start > now ? start : now;
}

/** For the audit log: what is now, and what was before a claim, which changes the status alone. */
const changeOf = (notice: NoticeDocument, status: NoticeDocument['status']): AuditChange => ({
  before: presentNotice({ ...notice, status, version: notice.version - 1 }),
  after: presentNotice(notice),
});
