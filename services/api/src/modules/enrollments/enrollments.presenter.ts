import type { Enrollment, Party } from '@tidings/contracts';
import type { EnrollmentDocument } from './enrollments.model.js';

/** @param side the business sees what it was told, the customer what is */
export function presentEnrollment(enrollment: EnrollmentDocument, side: Party): Enrollment {
  const { _id: id, userId, customerName, merchantId: businessId, merchantName: businessName, programId, programName } = enrollment;
  const { requestedBy, expiresAt, cardId, createdAt } = enrollment;
  const { status, endedBy, version, updatedAt } = side === 'merchant' ? enrollment.told : enrollment;
  return {
    id,
    userId,
    customerName,
    businessId,
    businessName,
    programId,
    programName,
    status,
    requestedBy,
    endedBy,
    expiresAt: expiresAt?.toISOString() ?? null,
    cardId,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
