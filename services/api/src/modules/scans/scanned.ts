import type { EnrollmentDocument } from '../enrollments/index.js';
import type { CardDocument, PointsDocument } from '../loyalty/index.js';
import type { ScanDocument } from './scans.model.js';

/** What came of a scan. */
export interface Scanned {
  scan: ScanDocument;
  /** It was scanned a moment ago: this is what came of that, and nothing was counted again. */
  repeated: boolean;
  enrollment?: EnrollmentDocument | null;
  /** While it is active. */
  card?: CardDocument | null;
  entry?: PointsDocument | null;
}
