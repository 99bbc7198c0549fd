import type { InvitationStatus, MemberRole } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { Schema, type Model } from 'mongoose';

export interface InvitationDocument {
  _id: string;
  merchantId: string;
  merchantName: string;
  /** Lower case. */
  email: string;
  /** The account that had the address when it was invited. */
  userId?: string;
  role: MemberRole;
  status: InvitationStatus;
  /** SHA-256 of the secret half of the newest token. */
  tokenHash: string;
  sends: number;
  sentAt: Date;
  invitedBy: string;
  expiresAt: Date;
  version: number;
  createdAt: Date;
}

export interface InvitationModels {
  invitations: Model<InvitationDocument>;
}

const text = { type: String, required: true } as const;
const integer = { type: Number, required: true, validate: Number.isSafeInteger } as const;
const time = { type: Date, required: true } as const;

const invitationSchema = new Schema<InvitationDocument>(
  {
    _id: text,
    merchantId: text,
    merchantName: text,
    email: text,
    userId: String,
    role: text,
    status: text,
    tokenHash: text,
    sends: integer,
    sentAt: time,
    invitedBy: text,
    expiresAt: time,
    version: integer,
    createdAt: time,
  },
  { versionKey: false, strict: 'throw', collection: 'invitations' },
);
invitationSchema.index({ merchantId: 1, email: 1 }, { unique: true, partialFilterExpression: { status: 'pending' } });
invitationSchema.index({ merchantId: 1, createdAt: -1, _id: -1 });
invitationSchema.index({ merchantId: 1, status: 1, createdAt: -1, _id: -1 });
invitationSchema.index({ userId: 1, status: 1, createdAt: -1, _id: -1 });

export function invitationModels({ connection }: Pick<Mongo, 'connection'>): InvitationModels {
  return { invitations: connection.models['Invitation'] ?? connection.model<InvitationDocument>('Invitation', invitationSchema) };
}
