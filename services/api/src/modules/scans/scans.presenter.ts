import type { Scan } from '@tidings/contracts';
import { presentEnrollment } from '../enrollments/index.js';
import { presentCard, presentPoints } from '../loyalty/index.js';
import type { ScanDocument } from './scans.model.js';
import type { Scanned } from './scanned.js';

export function presentScan(scan: ScanDocument): Scan {
  const { _id: id, merchantId: businessId, programId, userId, customerName, scannedBy, kind, outcome, isFirst, amount, points, at } = scan;
  return { id, businessId, programId, userId, customerName, scannedBy, kind, outcome, isFirst, amount, points, at: at.toISOString() };
}

/** To the business: of the enrollment, what it may know. */
export function presentScanned({ scan, repeated, enrollment, card, entry }: Scanned) {
  const { _id: scanId, userId, customerName: name } = scan;
  return {
    scanId,
    customer: { userId, name },
    repeated,
    ...(enrollment ? { enrollment: presentEnrollment(enrollment, 'merchant') } : {}),
    ...(card ? { card: presentCard(card) } : {}),
    ...(entry ? { points: presentPoints(entry) } : {}),
  };
}
