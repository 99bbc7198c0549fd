import type { Invitation } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { InvitationDocument, InvitationModels } from './invitations.model.js';

/** How invitations are written and told of, for those who invite and those who part with somebody. */
export interface InvitationRecords {
  announce(tx: Tx, invitation: InvitationDocument): void;
  /** Of one that waits. Of two changes at once the second runs again and finds the first. */
  change(tx: Tx, invitation: InvitationDocument, fields: Partial<InvitationDocument>): Promise<InvitationDocument>;
  /** Takes back what waits for this address: whoever was shown the door does not come in again by an old letter. */
  withdraw(tx: Tx, of: { merchantId: string; email: string }): Promise<void>;
}

export function createInvitationRecords({ invitations }: InvitationModels): InvitationRecords {
  const announce: InvitationRecords['announce'] = (tx, invitation) => {
    const { _id: invitationId, merchantId, userId } = invitation;
    const to = { merchantId, ...(userId === undefined ? {} : { userId }) };
    tx.emit('invitation-updated', { invitationId, merchantId, invitation: presentInvitation(invitation) }, to);
  };

  const change: InvitationRecords['change'] = async (tx, { _id, version }, fields) => {
    const changed = await invitations
      .findOneAndUpdate(
        { _id, version, status: 'pending' },
        { $set: fields, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<InvitationDocument>();
    if (!changed) throw new Error(`The invitation ${_id} was changed meanwhile`);
    announce(tx, changed);
    return changed;
  };

  return {
    announce,
    change,
    async withdraw(tx, { merchantId, email }) {
      const filter = { merchantId, email: email.toLowerCase(), status: 'pending' as const };
      // One at most waits for an address.
      const waiting = await invitations.findOne(filter, null, { session: tx.session }).lean<InvitationDocument>();
      if (waiting) await change(tx, waiting, { status: 'revoked' });
    },
  };
}

export function presentInvitation(invitation: InvitationDocument): Invitation {
  const { _id, merchantId, merchantName, email, role, status, sends, invitedBy, expiresAt, version, createdAt } = invitation;
  return {
    id: _id,
    merchantId,
    merchantName,
    email,
    role,
    status,
    sends,
    invitedBy,
    expiresAt: expiresAt.toISOString(),
    version,
    createdAt: createdAt.toISOString(),
  };
}
