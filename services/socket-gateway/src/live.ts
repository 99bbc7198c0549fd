import type { Connection } from './connection.js';

/** A live connection of this gateway, whatever its transport. */
export interface Live {
  readonly connection: Connection;
  /** `Date.now()` at which the token or ticket ends; `Infinity` for who needed none. */
  expiresAt: number;
  /** It can show another token: it is warned first, and goes on for a while. */
  readonly renews: boolean;
  /** It was told that its token has expired. */
  warned?: boolean;
}
