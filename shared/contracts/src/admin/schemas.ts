import { z } from 'zod';
import { userStatusSchema } from '../identity/schemas.js';

export const updateUserBody = z.strictObject({ status: userStatusSchema });
