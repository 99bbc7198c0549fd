import { z } from 'zod';
import { listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { deliveriesQuery, deliveryParams, resolveDeliveryBody, webhookDeliveryDetailSchema, webhookDeliverySchema } from './schemas.js';

const inbound = {
  method: 'post',
  tag: 'webhooks',
  access: 'public',
  status: 200,
  response: z.strictObject({ received: z.literal(true) }),
  errors: ['invalid-signature', 'payload-too-large'],
  raw: true,
} as const;

const admin = { tag: 'admin', access: ['admin', 'superadmin'], status: 200 } as const;

export const webhookRoutes = {
  stripe: defineRoute({
    ...inbound,
    name: 'stripeWebhook',
    path: '/webhooks/stripe',
    summary: "Stripe's events, signed over the raw body; one seen before answers 200 and changes nothing",
    who: 'Stripe, by the `Stripe-Signature` header.',
  }),
  razorpay: defineRoute({
    ...inbound,
    name: 'razorpayWebhook',
    path: '/webhooks/razorpay',
    summary: "Razorpay's events, signed over the raw body; one seen before answers 200 and changes nothing",
    who: 'Razorpay, by the `X-Razorpay-Signature` header.',
  }),
  zeffy: defineRoute({
    ...inbound,
    name: 'zeffyWebhook',
    path: '/webhooks/zeffy',
    summary: "Payments by Zeffy's forms, posted by an automation; one seen before answers 200 and changes nothing",
    who: 'An automation, by Standard Webhooks headers or by `Authorization: Bearer` with a secret of its own.',
  }),
  cloudinary: defineRoute({
    ...inbound,
    name: 'cloudinaryWebhook',
    path: '/webhooks/cloudinary',
    summary:
      'News of merchants and their subscriptions, and uploads of logos, signed over the raw body; one seen before answers 200 and changes nothing',
    who: 'Cloudinary, or who has its API secret, by the `X-Cld-Signature` and `X-Cld-Timestamp` headers.',
  }),
  listDeliveries: defineRoute({
    ...admin,
    name: 'listWebhookDeliveries',
    method: 'get',
    path: '/api/admin/webhook-deliveries',
    summary: "Providers' messages and what became of them, newest first",
    query: deliveriesQuery,
    response: listOf(webhookDeliverySchema),
  }),
  getDelivery: defineRoute({
    ...admin,
    name: 'getWebhookDelivery',
    method: 'get',
    path: '/api/admin/webhook-deliveries/:id',
    summary: "One of providers' messages, with the body as it was signed",
    params: deliveryParams,
    response: webhookDeliveryDetailSchema,
    errors: ['not-found'],
  }),
  replayDelivery: defineRoute({
    ...admin,
    name: 'replayWebhookDelivery',
    method: 'post',
    path: '/api/admin/webhook-deliveries/:id/replay',
    summary: 'Have a message done again; what was done is not done twice; audited',
    params: deliveryParams,
    response: webhookDeliverySchema,
    errors: ['not-found'],
    write: true,
  }),
  resolveDelivery: defineRoute({
    ...admin,
    name: 'resolveWebhookDelivery',
    method: 'post',
    path: '/api/admin/webhook-deliveries/:id/resolve',
    summary: 'Decide on a message that is held: do nothing for it, or credit what was really paid; audited',
    params: deliveryParams,
    body: resolveDeliveryBody,
    response: webhookDeliverySchema,
    errors: ['not-found', 'invalid-transition'],
    write: true,
  }),
};
