import type { Notice } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface NoticeDocument extends Pick<Notice, 'kind' | 'title' | 'message' | 'severity' | 'role' | 'status' | 'version'> {
  _id: string;
  startsAt: Date;
  endsAt: Date | null;
  createdBy: string | null;
  createdAt: Date;
}

export interface NoticeModels {
  notices: Model<NoticeDocument>;
}

const text = { type: String, required: true } as const;
const time = { type: Date, required: true } as const;
const noticeSchema = new Schema<NoticeDocument>(
  {
    _id: text,
    kind: text,
    title: text,
    message: text,
    severity: text,
    role: { type: String, default: null },
    status: text,
    startsAt: time,
    endsAt: { type: Date, default: null },
    version: { type: Number, required: true },
    createdBy: { type: String, default: null },
    createdAt: time,
  },
  { collection: 'notices', versionKey: false, strict: 'throw' },
);
noticeSchema.index({ startsAt: -1, _id: -1 });
noticeSchema.index({ status: 1, startsAt: -1, _id: -1 });

export function noticeModels({ connection }: Pick<Mongo, 'connection'>): NoticeModels {
  return { notices: connection.models['Notice'] ?? connection.model<NoticeDocument>('Notice', noticeSchema) };
}

export function presentNotice(document: NoticeDocument): Notice {
  const { _id, kind, title, message, severity, role, status, startsAt, endsAt, version, createdAt } = document;
  return {
    id: _id,
    kind,
    title,
    message,
    severity,
    role,
    status,
    startsAt: startsAt.toISOString(),
    endsAt: endsAt?.toISOString() ?? null,
    version,
    createdAt: createdAt.toISOString(),
  };
}
