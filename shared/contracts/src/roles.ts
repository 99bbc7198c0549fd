import { z } from 'zod';

export const roles = ['customer', 'merchant', 'advisor', 'admin', 'superadmin'] as const;
export const roleSchema = z.enum(roles);
export type Role = z.infer<typeof roleSchema>;

/** `userType` as existing apps expect it in `connected`. */
export const userTypes = ['customer', 'vendor', 'advisor', 'admin'] as const;
export type UserType = (typeof userTypes)[number];

export function isAdmin(held: readonly Role[]): boolean {
  return held.includes('admin') || held.includes('superadmin');
}

export function userType(held: readonly Role[]): UserType {
  if (isAdmin(held)) return 'admin';
  if (held.includes('merchant')) return 'vendor';
  if (held.includes('advisor')) return 'advisor';
  return 'customer';
}
