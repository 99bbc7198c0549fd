import { userType, type Principal } from '@tidings/contracts';

/** The fields of `connected` that tell who it is. */
export function greeting({ userId, roles }: Principal): Record<string, unknown> {
  return { userId, userType: userType(roles), roles, message: 'Connected: your feeds follow' };
}
