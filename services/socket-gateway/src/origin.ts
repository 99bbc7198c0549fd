import { isAdmin, type Principal } from '@tidings/contracts';

/** Where a client is, for the audit log: of administrators, who alone are in it. The memory of thousands of others is worth more. */
export function originFor({ roles }: Principal, ip: string, userAgent: string | undefined): Principal['from'] {
  return isAdmin(roles) ? { ip, userAgent: (userAgent ?? '').slice(0, 256) } : undefined;
}
