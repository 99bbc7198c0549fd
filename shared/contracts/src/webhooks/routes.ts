import { z } from 'zod';
import { defineRoute } from '../route.js';

export const webhookRoutes = {
  stripe: defineRoute({
    name: 'stripeWebhook',
    method: 'post',
    path: '/webhooks/stripe',
    summary: "Stripe's events, signed over the raw body; one seen before answers 200 and changes nothing",
    tag: 'webhooks',
    access: 'public',
    who: 'Stripe, by the `Stripe-Signature` header.',
    status: 200,
    response: z.strictObject({ received: z.literal(true) }),
    errors: ['invalid-signature', 'payload-too-large'],
    raw: true,
  }),
};
