import type { OrderMessage, ReadMark, ReadMarks } from '@tidings/contracts';
import type { MessageDocument, StoredReadMark, ThreadDocument } from './messages.model.js';

export function presentMessage({ _id, createdAt, ...message }: MessageDocument): OrderMessage {
  return { id: _id, ...message, createdAt: createdAt.toISOString() };
}

export function presentReadMark({ at, ...mark }: StoredReadMark): ReadMark {
  return { ...mark, at: at.toISOString() };
}

/** Nobody has written yet, or nobody has read. */
export function presentReadMarks(thread: ThreadDocument | null): ReadMarks {
  const { customer, vendor } = thread?.read ?? {};
  return { customer: customer ? presentReadMark(customer) : null, vendor: vendor ? presentReadMark(vendor) : null };
}
