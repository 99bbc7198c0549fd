import { randomBytes } from 'node:crypto';
import { weekdays } from '@tidings/contracts';
import { createFeedLog } from '@tidings/feed';
import { createStall, expectStatus, topUp, waitFor, type Account, type Stall } from '@tidings/testing';
import { apiKeyBody, apiKeyOf } from './api-keys.js';
import { awardOf, cardOf, programAt, programBody, redemptionCode, redemptionOf, rewardBody, rewardOf, waitingPoints } from './loyalty.js';
import { imageForm } from './forms.js';
import { heldDelivery, unmatchedPayment } from './payments.js';
import { investmentOf, planBody, planOf } from './plans.js';
import { password, type Scene } from './scene.js';

/** A request to a route that is accepted, with every field that the route knows. */
export interface Fixture {
  /** Who may make it; nobody for public routes. */
  as?: Account;
  params?: Record<string, string>;
  query?: Record<string, string>;
  body?: unknown;
  /** Of a route that takes a file, in the place of the body. */
  form?: { type: string; body: Buffer };
  /** Fields that cannot stand beside the others. */
  without?: readonly string[];
  /** True where any login may: a public resource, or the caller's own. Else everybody but `as` (and administrators) is refused. */
  anyLogin?: true;
}

const lists = { limit: '10' };
const period = { from: '2026-01-01T00:00:00.000Z', to: '2036-01-01T00:00:00.000Z' };

/** By the name of the route. Each call makes things of its own, so that one route's test takes nothing from another's. */
export const fixtures: Readonly<Record<string, (scene: Scene) => Promise<Fixture>>> = {
  // --- auth
  register: async () => ({
    body: { name: 'Somebody', email: `${randomBytes(4).toString('hex')}@example.com`, password, deviceId: 'phone' },
  }),
  login: async ({ customer }) => ({ body: { email: customer.email, password, deviceId: 'phone-1' } }),
  refresh: async ({ world }) => ({ body: { refreshToken: (await world.signUp('Refresher')).refreshToken } }),
  logout: async ({ world }) => ({ as: await world.signUp('Leaver'), anyLogin: true }),
  getMe: async ({ customer }) => ({ as: customer, anyLogin: true }),
  updateMe: async ({ world }) => ({ as: await world.signUp('Renamed'), body: { name: 'Another name' }, anyLogin: true }),
  listSessions: async ({ customer }) => ({ as: customer, query: lists, anyLogin: true }),
  getSession: async ({ world }) => ownSession(await world.signUp('Owner')),
  endSession: async ({ world }) => ownSession(await world.signUp('Owner')),
  endOtherSessions: async ({ world }) => ({ as: await world.signUp('Tidy'), anyLogin: true }),

  // --- wallet
  getWallet: async ({ customer }) => ({ as: customer, query: { currency: 'INR' }, anyLogin: true }),
  listWalletTransactions: async ({ customer }) => ({ as: customer, query: { ...lists, currency: 'INR', type: 'top-up' }, anyLogin: true }),
  createTopUp: async ({ customer }) => ({ as: customer, body: { amount: 500, currency: 'INR', provider: 'stripe' }, anyLogin: true }),

  // --- refunds
  createRefund: async (scene) => ({
    as: scene.admin,
    body: { orderId: (await scene.placeOrder()).id, amount: 10, reason: 'Goodwill' },
    without: ['topUpId', 'paymentRequestId'],
  }),
  listRefunds: async (scene) => {
    const { userId, orderId } = await refund(scene);
    return { as: scene.admin, query: { ...lists, status: 'succeeded', userId, orderId, topUpId: orderId, paymentRequestId: orderId } };
  },
  getRefund: async (scene) => ({ as: scene.admin, params: { id: (await refund(scene)).id } }),

  // --- feeds
  streamFeeds: async ({ stall, world }) => ({
    as: stall.owner,
    query: { feeds: `merchant:${stall.merchant.id},plans`, cursors: '0,0', lastEventId: `${await epochOf(world)}.0,0`, unnamed: 'true' },
    without: ['ticket'],
  }),
  pollFeeds: async ({ stall }) => ({ as: stall.owner, query: { feeds: `merchant:${stall.merchant.id}`, cursors: '0', wait: '0' } }),
  pollFeedsByPost: async ({ stall }) => ({ as: stall.owner, query: { feeds: `merchant:${stall.merchant.id}`, cursors: '0', wait: '0' } }),
  createFeedTicket: async ({ stall }) => ({ as: stall.owner, body: { feeds: [`merchant:${stall.merchant.id}`] } }),
  subscribeToPlans: async ({ world, customer }) => ({
    as: customer,
    anyLogin: true,
    query: { planId: 'p1', lastEventId: `${await epochOf(world)}.0` },
    without: ['ticket'],
  }),
  countPlanSubscribers: async () => ({}),

  // --- payments
  listUnmatchedPayments: async ({ admin }) => ({ as: admin, query: { ...lists, state: 'open' } }),
  assignUnmatchedPayment: async (scene) => ({
    as: scene.admin,
    params: { id: (await unmatchedPayment(scene)).id },
    body: { userId: scene.customer.id },
  }),
  listDisputes: async ({ admin, customer }) => ({
    as: admin,
    query: { ...lists, status: 'opened', userId: customer.id, topUpId: customer.id },
  }),
  listWebhookDeliveries: async ({ admin }) => ({ as: admin, query: { ...lists, state: 'held', provider: 'stripe' } }),
  getWebhookDelivery: async (scene) => ({ as: scene.admin, params: { id: (await heldDelivery(scene)).id } }),
  replayWebhookDelivery: async (scene) => ({ as: scene.admin, params: { id: (await heldDelivery(scene)).id } }),
  resolveWebhookDelivery: async (scene) => ({
    as: scene.admin,
    params: { id: (await heldDelivery(scene)).id },
    body: { decision: 'dismiss', reason: 'It was a test of theirs' },
  }),

  // --- reconciliation
  createReconciliation: async ({ admin }) => ({
    as: admin,
    body: { provider: 'sandbox', from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' },
  }),
  listReconciliations: async ({ admin }) => ({ as: admin, query: { ...lists, provider: 'sandbox' } }),
  getReconciliation: async (scene) => ({ as: scene.admin, params: { id: await reconciliation(scene) } }),
  listDifferences: async (scene) => ({
    as: scene.admin,
    params: { id: await reconciliation(scene) },
    query: { ...lists, kind: 'not-credited' },
  }),

  // --- rehearsals
  createRehearsal: async ({ admin, customer }) => ({
    as: admin,
    body: {
      userId: customer.id,
      events: [{ kind: 'succeeded', provider: 'stripe', payment: 'first', amount: 500, currency: 'INR' }],
      shuffle: { duplicate: 1, late: 0, tamper: 1, reorder: true, seed: 7 },
    },
    without: ['events[0].deliveryId'],
  }),

  // --- orders
  listOrders: async ({ stall }) => ({
    as: stall.owner,
    query: { ...lists, open: 'true', status: 'placed', vendorId: stall.merchant.id },
  }),
  createOrder: async ({ customer, stall }) => ({
    as: customer,
    body: {
      vendorId: stall.merchant.id,
      items: [{ itemId: (await withOption(stall.owner, stall.merchant.id)).id, quantity: 1, options: [{ name: 'Size', choice: 'Large' }] }],
      note: 'No sugar',
      price: 150,
    },
    anyLogin: true,
  }),
  getOrder: async (scene) => ({ as: scene.customer, params: { id: (await scene.placeOrder()).id } }),
  updateOrderStatus: async (scene) => ({
    as: scene.stall.owner,
    params: { id: (await scene.placeOrder()).id },
    body: { status: 'preparing', estimatedTime: 10, reason: 'On it' },
  }),
  cancelOrder: async (scene) => ({
    as: scene.customer,
    params: { id: (await scene.placeOrder()).id },
    body: { reason: 'Changed my mind' },
  }),
  refundOrder: async (scene) => ({
    as: scene.stall.owner,
    params: { id: (await scene.placeOrder()).id },
    body: { amount: 100, reason: 'It was cold' },
  }),
  getPickupCode: async (scene) => ({ as: scene.customer, params: { id: (await scene.placeOrder()).id }, query: { format: 'json' } }),
  handOrderOver: async (scene) => {
    const { id } = await scene.placeOrder();
    for (const status of ['preparing', 'ready']) await scene.stall.owner.http.patch(`/api/orders/${id}/status`, { status });
    const { body } = await scene.customer.http.get<{ code: string }>(`/api/orders/${id}/pickup-code?format=json`);
    return { as: scene.stall.owner, params: { id: scene.stall.merchant.id }, body: { code: body.code } };
  },
  listOrderMessages: async (scene) => ({ as: scene.customer, params: { id: (await scene.placeOrder()).id }, query: lists }),
  sendOrderMessage: async (scene) => ({
    as: scene.customer,
    params: { id: (await scene.placeOrder()).id },
    body: { text: 'How long will it take?' },
  }),
  readOrderMessages: async (scene) => {
    const { id } = await scene.placeOrder();
    const { body } = await scene.customer.http.post<{ id: string }>(`/api/orders/${id}/messages`, { text: 'No sugar' });
    return { as: scene.stall.owner, params: { id }, body: { upTo: body.id } };
  },

  // --- payments
  getMerchantQr: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { format: 'svg', itemId: stall.item.id },
  }),
  getOwnQr: async ({ customer }) => ({ as: customer, query: { format: 'png' }, anyLogin: true }),
  resolveCode: async ({ customer, stall }) => ({ as: customer, body: { code: await stallCode(stall) }, anyLogin: true }),
  payByCode: async ({ customer, stall }) => ({
    as: customer,
    body: {
      code: await stallCode(stall, (await withOption(stall.owner, stall.merchant.id)).id),
      quantity: 2,
      options: [{ name: 'Size', choice: 'Large' }],
      note: 'No sugar',
      price: 300,
    },
    without: ['items'],
    anyLogin: true,
  }),

  createPaymentRequest: async ({ customer, stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    body: { code: await ownCode(customer), amount: 100, currency: 'INR', note: 'Two teas', capture: 'manual' },
  }),
  listPaymentRequests: async ({ stall }) => ({
    as: stall.owner,
    query: { ...lists, open: 'true', vendorId: stall.merchant.id },
  }),
  getPaymentRequest: async (scene) => ({ as: scene.customer, params: { id: await requestedPayment(scene) } }),
  decidePaymentRequest: async (scene) => ({
    as: scene.customer,
    params: { id: await requestedPayment(scene) },
    body: { decision: 'accept' },
  }),
  capturePaymentRequest: async (scene) => ({
    as: scene.stall.owner,
    params: { id: await approvedPayment(scene) },
    body: { amount: 50 },
  }),
  cancelPaymentRequest: async (scene) => ({ as: scene.stall.owner, params: { id: await requestedPayment(scene) } }),
  refundPaymentRequest: async (scene) => {
    const id = await approvedPayment(scene);
    await expectStatus(200, scene.stall.owner.http.post(`/api/payment-requests/${id}/capture`));
    return { as: scene.stall.owner, params: { id }, body: { amount: 50, reason: 'It was cold' } };
  },

  // --- merchants
  createMerchant: async ({ admin }) => ({
    as: admin,
    body: {
      name: `Stall ${randomBytes(4).toString('hex')}`,
      ownerName: 'Ravi',
      email: `${randomBytes(4).toString('hex')}@example.com`,
      phone: '+91 98',
      address: 'Hall 4',
      description: 'Tea',
      category: 'drinks',
      isActive: true,
      currency: 'INR',
      timeZone: 'Asia/Kolkata',
    },
  }),
  updateMerchant: async (scene) => ({
    as: scene.admin,
    params: { id: await newMerchant(scene) },
    body: {
      name: `Stall ${randomBytes(4).toString('hex')}`,
      ownerName: 'Asha',
      email: `${randomBytes(4).toString('hex')}@example.com`,
      phone: '+91 99',
      address: 'Hall 5',
      description: 'Tea and more',
      category: 'food',
      isActive: false,
      currency: 'USD',
      timeZone: 'Asia/Tokyo',
    },
  }),
  startBulk: async (scene) => ({
    as: scene.admin,
    body: { action: 'plan', plan: 'premium', ids: [await newMerchant(scene)], reason: 'The hall is closed' },
    without: ['filter'],
  }),
  listBulk: async ({ admin }) => ({ as: admin, query: lists }),
  getBulk: async (scene) => ({ as: scene.admin, params: { id: await bulkOperation(scene) } }),
  listBulkResults: async (scene) => ({
    as: scene.admin,
    params: { id: await bulkOperation(scene) },
    query: { ...lists, state: 'waiting' },
  }),
  cancelBulk: async (scene) => ({ as: scene.admin, params: { id: await goingBulk(scene) } }),
  resumeBulk: async (scene) => {
    const id = await goingBulk(scene);
    await expectStatus(200, scene.admin.http.post(`/api/admin/merchants/bulk/${id}/cancel`));
    return { as: scene.admin, params: { id } };
  },
  deleteMerchant: async (scene) => ({ as: scene.admin, params: { id: await newMerchant(scene) } }),
  listMerchants: async ({ customer, stall }) => ({
    as: customer,
    query: { ...lists, q: 'stall', category: 'drinks', isActive: 'true', sort: 'name', ids: stall.merchant.id },
    anyLogin: true,
  }),
  getMerchant: async ({ customer, stall }) => ({ as: customer, params: { id: stall.merchant.id }, anyLogin: true }),
  setLogo: async ({ world }) => {
    const stall = await createStall(world);
    return ofItsOwner(stall, { fileId: await sentFile(world, stall.owner) });
  },
  inviteMember: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    body: { email: `${randomBytes(4).toString('hex')}@example.com`, role: 'staff' },
  }),
  resendInvitation: async (scene) => {
    const fixture = await invitation(scene);
    const sent = scene.world.mongo.db.collection<{ _id: string }>('invitations');
    await sent.updateOne({ _id: fixture.params!['invitationId']! }, { $set: { sentAt: new Date(0) } });
    return fixture;
  },
  listInvitations: async ({ stall }) => ({ as: stall.owner, params: { id: stall.merchant.id }, query: { ...lists, status: 'pending' } }),
  revokeInvitation: async (scene) => invitation(scene),
  listMyInvitations: async ({ customer }) => ({ as: customer, query: lists, anyLogin: true }),
  decideInvitation: async (scene) => {
    const guest = await scene.world.signUp('Invited');
    const { params } = await invitation(scene, guest.email);
    return { as: guest, body: { invitationId: params!['invitationId'], decision: 'decline' }, without: ['token'] };
  },
  listMembers: async ({ stall }) => ({ as: stall.owner, params: { id: stall.merchant.id }, query: lists }),
  addMember: async ({ stall, world }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    body: { userId: (await world.signUp('New Member')).id, role: 'staff' },
    without: ['email'],
  }),
  removeMember: async ({ stall, world }) => {
    const { id: userId } = await world.signUp('Old Member');
    await stall.owner.http.post(`/api/merchants/${stall.merchant.id}/members`, { userId, role: 'staff' });
    return { as: stall.owner, params: { id: stall.merchant.id, userId } };
  },
  getSelling: async ({ customer, stall }) => ({ as: customer, params: { id: stall.merchant.id }, anyLogin: true }),
  // Of a stall of its own: the others' orders are placed at one that is open.
  updateSelling: async ({ world }) =>
    ofItsOwner(await createStall(world), {
      hours: Object.fromEntries(weekdays.map((day) => [day, [{ from: '18:00', to: '02:00' }]])),
      exceptions: [{ date: '2026-12-24', hours: [{ from: '10:00', to: '12:00' }], note: 'Holidays' }],
      unclaimed: { afterMinutes: 30, refund: false },
    }),
  pauseSelling: async ({ world }) => ofItsOwner(await createStall(world), { until: new Date(Date.now() + 3_600_000).toISOString() }),
  resumeSelling: async ({ world }) => ofItsOwner(await createStall(world)),
  listItems: async ({ customer, stall }) => ({ as: customer, params: { id: stall.merchant.id }, query: lists, anyLogin: true }),
  createItem: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    body: item(`Item ${randomBytes(4).toString('hex')}`),
  }),
  getItem: async ({ customer, stall }) => ({ as: customer, params: { id: stall.merchant.id, itemId: stall.item.id }, anyLogin: true }),
  updateItem: async (scene) => ({
    as: scene.stall.owner,
    params: { id: scene.stall.merchant.id, itemId: (await scene.item()).id },
    body: item(`Item ${randomBytes(4).toString('hex')}`),
  }),
  deleteItem: async (scene) => ({ as: scene.stall.owner, params: { id: scene.stall.merchant.id, itemId: (await scene.item()).id } }),

  // --- sales and payouts
  getQueue: async ({ stall }) => ({ as: stall.owner, params: { id: stall.merchant.id }, query: { ...lists, status: 'placed' } }),
  getSales: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { from: '2026-11-01', to: '2026-11-30', by: 'item' },
  }),
  getMerchantBalance: async ({ stall }) => ({ as: stall.owner, params: { id: stall.merchant.id } }),
  // --- subscriptions
  listSubscriptionPlans: async ({ customer }) => ({ as: customer, anyLogin: true }),
  getSubscription: async ({ stall }) => ({ as: stall.owner, params: { id: stall.merchant.id } }),
  getSubscriptionUsage: async ({ stall }) => ({ as: stall.owner, params: { id: stall.merchant.id } }),
  renewSubscription: async (scene) => ({
    ...(await richSubscriber(scene)),
    body: { plan: 'basic', paymentMethod: 'wallet', autoRenew: false },
  }),
  changeSubscriptionPlan: async (scene) => ({ ...(await subscriber(scene)), body: { plan: 'premium' } }),
  cancelSubscription: subscriber,
  resumeSubscription: async (scene) => {
    const { as, params } = await subscriber(scene);
    await expectStatus(200, as.http.post(`/api/merchants/${params.id}/subscription/cancel`));
    return { as, params };
  },
  listInvoices: async ({ stall }) => ({ as: stall.owner, params: { id: stall.merchant.id }, query: lists }),
  getInvoicePdf: async (scene) => {
    const { as, params } = await richSubscriber(scene);
    await expectStatus(200, as.http.post(`/api/merchants/${params.id}/subscription/renew`, { plan: 'basic' }));
    const { body } = await expectStatus(200, as.http.get<{ items: { id: string }[] }>(`/api/merchants/${params.id}/invoices`));
    return { as, params: { ...params, invoiceId: body.items[0]!.id } };
  },
  listSubscriptions: async ({ admin }) => ({
    as: admin,
    query: { ...lists, status: 'active', plan: 'freeTrial', endsBefore: '2036-01-01T00:00:00.000Z' },
  }),
  getMerchantSubscription: async ({ admin, stall }) => ({ as: admin, params: { id: stall.merchant.id } }),
  updateMerchantSubscription: async (scene) => ({
    as: scene.admin,
    params: (await subscriber(scene)).params,
    body: { plan: 'premium', status: 'suspended', endDate: '2036-01-01T00:00:00.000Z', notes: 'By contract' },
  }),

  requestPayout: async (scene) => {
    await scene.placeOrder();
    return { as: scene.stall.owner, params: { id: scene.stall.merchant.id }, body: { amount: 1, note: 'For the rent' } };
  },
  listPayouts: async ({ stall }) => ({ as: stall.owner, params: { id: stall.merchant.id }, query: { ...lists, status: 'requested' } }),
  listAllPayouts: async ({ admin, stall }) => ({ as: admin, query: { ...lists, status: 'requested', merchantId: stall.merchant.id } }),
  decidePayout: async (scene) => {
    await scene.placeOrder();
    const { admin, stall } = scene;
    const { body } = await stall.owner.http.post<{ id: string }>(`/api/merchants/${stall.merchant.id}/payouts`, { amount: 1 });
    return { as: admin, params: { id: body.id }, body: { decision: 'decline', reference: 'UTR 1', reason: 'No bank account' } };
  },

  // --- loyalty
  listPrograms: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { ...lists, active: 'true' },
    anyLogin: true,
  }),
  createProgram: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    body: { ...programBody(), name: `Friends ${randomBytes(4).toString('hex')}` },
  }),
  getProgram: async (scene) => ({ ...(await program(scene)), anyLogin: true }),
  updateProgram: async (scene) => ({ ...(await program(scene)), body: programBody() }),
  listEnrollments: async ({ stall }) => ({
    as: stall.owner,
    query: { ...lists, businessId: stall.merchant.id, programId: stall.merchant.id, status: 'requested' },
  }),
  createEnrollment: async (scene) => ({
    as: scene.stall.owner,
    body: { programId: (await program(scene)).params!['programId'], userId: scene.customer.id },
  }),
  getEnrollment: async (scene) => ({ as: scene.customer, params: { id: (await enrollment(scene)).id } }),
  decideEnrollment: async (scene) => ({
    as: scene.customer,
    params: { id: (await enrollment(scene)).id },
    body: { decision: 'accept' },
  }),
  listCards: async ({ customer, stall }) => ({ as: customer, query: { ...lists, businessId: stall.merchant.id }, anyLogin: true }),
  getCard: async (scene) => ({ as: scene.customer, params: { id: (await cardOf(scene)).id } }),
  changePoints: async (scene) => ({
    as: scene.stall.owner,
    params: { id: (await cardOf(scene)).id },
    body: { delta: 20, reason: 'A late cake' },
  }),
  listPoints: async (scene) => ({ as: scene.customer, query: { ...lists, cardId: (await cardOf(scene)).id, status: 'posted' } }),
  decidePoints: async (scene) => ({ as: scene.customer, params: { id: await waitingPoints(scene) }, body: { decision: 'accept' } }),
  reversePoints: async (scene) => ({
    as: scene.stall.owner,
    params: { id: await awardOf(scene) },
    body: { reason: 'It was the wrong card' },
  }),
  scanCode: async ({ stall, world }) => ({
    as: stall.owner,
    body: {
      code: await ownCode(await world.signUp('Guest')),
      businessId: stall.merchant.id,
      programId: (await programAt(stall)).id,
      amount: 1_000,
    },
  }),
  listScans: async ({ stall, customer }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { ...lists, userId: customer.id },
  }),
  getOwnCard: async ({ customer }) => ({ as: customer, query: { format: 'json' }, anyLogin: true }),
  renewOwnCard: async ({ customer }) => ({ as: customer, anyLogin: true }),
  listRewards: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { ...lists, programId: (await programAt(stall)).id, active: 'true' },
    anyLogin: true,
  }),
  createReward: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    body: rewardBody((await programAt(stall)).id),
  }),
  updateReward: async (scene) => {
    const { stall } = scene;
    const rewardId = await rewardOf(scene, (await programAt(stall)).id);
    const { programId: _, ...body } = rewardBody('');
    return { as: stall.owner, params: { id: stall.merchant.id, rewardId }, body };
  },
  createRedemption: async (scene) => {
    const { id, programId } = await cardOf(scene, 200);
    return { as: scene.customer, params: { id }, body: { rewardId: await rewardOf(scene, programId) } };
  },
  listRedemptions: async ({ stall }) => ({
    as: stall.owner,
    query: { ...lists, businessId: stall.merchant.id, status: 'requested' },
  }),
  getRedemptionQr: async (scene) => ({ as: scene.customer, params: { id: await redemptionOf(scene) }, query: { format: 'json' } }),
  confirmRedemption: async (scene) => ({
    as: scene.stall.owner,
    params: { id: scene.stall.merchant.id },
    body: { code: await redemptionCode(scene) },
  }),
  cancelRedemption: async (scene) => ({ as: scene.customer, params: { id: await redemptionOf(scene) } }),
  listCustomers: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { ...lists, search: 'a', sort: 'name', tag: 'regular' },
  }),
  exportCustomers: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { search: 'a', sort: 'name', tag: 'regular' },
  }),
  getCustomer: async (scene) => listedCustomer(scene),
  tagCustomer: async (scene) => ({ ...(await listedCustomer(scene)), body: { tags: ['regular', 'vegan'] } }),
  getAnalytics: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { from: '2026-11-01', to: '2026-11-30' },
  }),
  exportAnalytics: async ({ stall }) => ({
    as: stall.owner,
    params: { id: stall.merchant.id },
    query: { from: '2026-11-01', to: '2026-11-30' },
  }),
  listInteractions: async (scene) => ({ ...(await listedCustomer(scene)), query: lists }),

  // --- plans
  listPlans: async () => ({ query: { ...lists, q: 'g', currency: 'INR', published: 'true' } }),
  getPlan: async (scene) => ({ params: { id: (await planOf(scene)).id } }),
  getPlanHistory: async (scene) => ({ params: { id: (await planOf(scene)).id }, query: lists }),
  createPlan: async ({ admin }) => ({ as: admin, body: planBody() }),
  updatePlan: async (scene) => ({
    as: scene.admin,
    params: { id: (await planOf(scene, { publishAt: planBody().publishAt })).id },
    query: { merge: 'true' },
    body: planBody(),
  }),
  restorePlan: async (scene) => {
    const { id } = await planOf(scene);
    await expectStatus(200, scene.admin.http.send('PUT', `/api/admin/plans/${id}`, { roi: 3 }));
    return { as: scene.admin, params: { id }, body: { version: 1 } };
  },
  deletePlan: async (scene) => ({
    as: scene.admin,
    params: { id: (await planOf(scene)).id },
    query: { investments: 'migrate', to: (await planOf(scene)).id },
  }),
  getPlanFollow: async (scene) => ({ as: scene.customer, params: { id: (await planOf(scene)).id }, anyLogin: true }),
  followPlan: async (scene) => ({ as: scene.customer, params: { id: (await planOf(scene)).id }, anyLogin: true }),
  unfollowPlan: async (scene) => ({ as: scene.customer, params: { id: (await planOf(scene)).id }, anyLogin: true }),
  createInvestment: async (scene) => ({
    as: scene.customer,
    params: { id: (await planOf(scene)).id },
    body: { amount: 500, currency: 'INR' },
    anyLogin: true,
  }),
  listInvestments: async (scene) => ({
    as: scene.customer,
    query: { ...lists, planId: (await planOf(scene)).id, status: 'ACTIVE' },
    anyLogin: true,
  }),
  getInvestment: async (scene) => ({ as: scene.customer, params: { id: (await investmentOf(scene)).id } }),
  listAllInvestments: async (scene) => ({
    as: scene.admin,
    query: { ...lists, planId: (await planOf(scene)).id, status: 'ACTIVE', userId: scene.customer.id },
  }),

  // --- files
  uploadFile: async ({ customer }) => ({ as: customer, form: imageForm, anyLogin: true }),
  // One that is a logo; another's file is no route's but its owner's.
  getFile: async ({ world }) => {
    const { merchant, owner } = await createStall(world);
    const id = await sentFile(world, owner);
    await expectStatus(200, owner.http.send('PUT', `/api/merchants/${merchant.id}/logo`, { fileId: id }));
    return { params: { id } };
  },

  // --- notifications
  listNotifications: async ({ customer }) => ({ as: customer, query: { ...lists, unread: 'true' }, anyLogin: true }),
  readNotification: async (scene) => ({ as: scene.stall.owner, params: { id: (await scene.notification()).id } }),
  answerNotification: async (scene) => {
    const { id: enrollmentId } = await enrollment(scene);
    await scene.world.settled();
    const { body } = await scene.customer.http.get<{ items: { id: string; data?: { enrollmentId?: string } }[] }>(
      '/api/notifications?unread=true',
    );
    const { id } = body.items.find(({ data }) => data?.enrollmentId === enrollmentId)!;
    return { as: scene.customer, params: { id, action: 'accept' } };
  },
  readAllNotifications: async ({ stall }) => ({ as: stall.owner, anyLogin: true }),

  // --- history
  getEventTimeline: async (scene) => {
    await scene.placeOrder();
    await scene.world.settled();
    const event = await scene.world.mongo.db.collection<{ _id: string }>('outbox').findOne({ type: 'new-order' });
    return { as: scene.admin, params: { id: event!._id } };
  },
  getUserScreen: async ({ admin, customer }) => ({
    as: admin,
    params: { id: customer.id },
    query: { seq: '1', at: new Date().toISOString() },
  }),
  exportUserScreen: async ({ admin, customer }) => ({
    as: admin,
    params: { id: customer.id },
    query: { seq: '2', at: new Date().toISOString() },
  }),

  // --- admin
  verifyUserEmail: async ({ admin, world }) => ({
    as: admin,
    params: { id: (await world.signUp('Known')).id },
    body: { verified: true },
  }),
  updateUser: async ({ admin, world }) => ({
    as: admin,
    params: { id: (await world.signUp('Nuisance')).id },
    body: { status: 'suspended' },
  }),
  listUsers: async ({ admin, customer }) => ({ as: admin, query: { ...lists, q: customer.email, role: 'customer', status: 'active' } }),
  getUser: async ({ admin, customer }) => ({ as: admin, params: { id: customer.id } }),
  setUserRoles: async ({ admin, world }) => ({
    as: admin,
    params: { id: (await world.signUp('Helper')).id },
    body: { roles: ['customer', 'advisor'] },
  }),
  adjustBalance: async ({ admin, customer }) => ({
    as: admin,
    params: { id: customer.id },
    body: { amount: 100, currency: 'INR', reason: 'A kindness' },
  }),
  listAdminTransactions: async ({ admin, customer, stall }) => ({
    as: admin,
    query: {
      ...lists,
      ...period,
      type: 'payment',
      userId: customer.id,
      merchantId: stall.merchant.id,
      paymentMethod: 'wallet',
      min: '1',
      max: '100000',
    },
  }),
  createAnnouncement: async ({ admin }) => ({
    as: admin,
    body: { title: 'Rain', message: 'The stage moves into the hall', severity: 'warning', role: 'advisor', startsAt: soon() },
  }),
  listAdminAnnouncements: async ({ admin }) => ({ as: admin, query: { ...lists, status: 'scheduled' } }),
  cancelAnnouncement: async ({ admin }) => ({ as: admin, params: { id: await notice(admin, 'announcements', {}) } }),
  createSystemEvent: async ({ admin }) => ({
    as: admin,
    body: { title: 'Update', message: 'Back soon', severity: 'info', kind: 'maintenance', startsAt: soon(), endsAt: soon(120) },
  }),
  endSystemEvent: async ({ admin }) => ({ as: admin, params: { id: await notice(admin, 'system-events', { kind: 'update' }) } }),
  listAnnouncements: async ({ customer }) => ({ as: customer, query: lists, anyLogin: true }),
  listConnections: async ({ admin, customer }) => ({ as: admin, query: { userId: customer.id } }),
  getQueues: async ({ admin }) => ({ as: admin }),
  listJobs: async ({ admin }) => ({ as: admin, query: { ...lists, state: 'due' } }),
  retryJob: async ({ admin, world }) => ({ as: admin, params: { key: await failedJob(world) } }),
  createApiKey: async ({ admin }) => ({ as: admin, body: apiKeyBody() }),
  listApiKeys: async ({ admin }) => ({ as: admin, query: lists }),
  rotateApiKey: async ({ admin }) => ({ as: admin, params: { id: (await apiKeyOf(admin)).id }, body: { overlapSeconds: 60 } }),
  revokeApiKey: async ({ admin }) => ({ as: admin, params: { id: (await apiKeyOf(admin)).id } }),
  listFraudAlerts: async ({ admin, stall }) => ({
    as: admin,
    query: { ...lists, businessId: stall.merchant.id, kind: 'scans-of-business' },
  }),
  listAudit: async ({ admin }) => ({
    as: admin,
    query: { ...lists, ...period, actor: admin.id, action: 'user.suspend', target: `user:${admin.id}` },
  }),
};

async function newMerchant({ admin }: Scene): Promise<string> {
  const email = `${randomBytes(4).toString('hex')}@example.com`;
  const body = { name: 'Stall of nobody', ownerName: 'Ravi', email };
  return (await expectStatus(201, admin.http.post<{ id: string }>('/api/admin/merchants', body))).body.id;
}

async function invitation({ stall }: Scene, email = `${randomBytes(4).toString('hex')}@example.com`): Promise<Fixture> {
  const { owner, merchant } = stall;
  const { body } = await expectStatus(
    201,
    owner.http.post<{ invitation: { id: string } }>(`/api/merchants/${merchant.id}/invitations`, { email, role: 'staff' }),
  );
  return { as: owner, params: { id: merchant.id, invitationId: body.invitation.id } };
}

async function bulkOperation(scene: Scene): Promise<string> {
  const body = { action: 'suspend', ids: [await newMerchant(scene)] };
  return (await expectStatus(202, scene.admin.http.post<{ operationId: string }>('/api/admin/merchants/bulk', body))).body.operationId;
}

/** One that nothing takes any further: its job is gone. */
async function goingBulk(scene: Scene): Promise<string> {
  const id = await bulkOperation(scene);
  await scene.quiet();
  const operations = scene.world.mongo.db.collection<{ _id: string }>('bulk_operations');
  await operations.updateOne({ _id: id }, { $set: { status: 'running', completedAt: null } });
  return id;
}

export async function sentFile({ apiUrl }: Scene['world'], { token }: Account): Promise<string> {
  const { type, body } = imageForm;
  const headers = { authorization: `Bearer ${token}`, 'content-type': type };
  const answer = await fetch(`${apiUrl}/api/files`, { method: 'POST', headers, body: new Uint8Array(body) });
  return ((await answer.json()) as { id: string }).id;
}

const ofItsOwner = ({ owner, merchant }: Stall, body?: object): Fixture => ({
  as: owner,
  params: { id: merchant.id },
  ...(body ? { body } : {}),
});

async function ownSession(owner: Account): Promise<Fixture> {
  const { body } = await owner.http.get<{ items: { id: string }[] }>('/api/me/sessions');
  return { as: owner, params: { id: body.items[0]!.id } };
}

async function ownCode({ http }: Account): Promise<string> {
  return (await http.get<{ code: string }>('/api/me/qr?format=json')).body.code;
}

/** Asked for by the stall's owner, to be captured by hand. */
export async function requestedPayment({ customer, stall }: Scene): Promise<string> {
  const { body } = await stall.owner.http.post<{ id: string }>(`/api/merchants/${stall.merchant.id}/payment-requests`, {
    code: await ownCode(customer),
    amount: 100,
    capture: 'manual',
  });
  return body.id;
}

async function approvedPayment(scene: Scene): Promise<string> {
  const id = await requestedPayment(scene);
  await expectStatus(200, scene.customer.http.post(`/api/payment-requests/${id}/decision`, { decision: 'accept' }));
  return id;
}

async function stallCode({ owner, merchant }: Scene['stall'], itemId?: string): Promise<string> {
  const { body } = await owner.http.get<{ code: string }>(
    `/api/merchants/${merchant.id}/qr?format=json${itemId === undefined ? '' : `&itemId=${itemId}`}`,
  );
  return body.code;
}

async function failedJob({ mongo }: Scene['world']): Promise<string> {
  const _id = `notice:${randomBytes(4).toString('hex')}`;
  const [dueAt, createdAt] = [new Date(), new Date()];
  await mongo.db.collection<{ _id: string }>('jobs').insertOne({
    _id,
    kind: 'notice',
    data: { id: 'none', phase: 'start' },
    state: 'failed',
    dueAt,
    attempts: 12,
    createdAt,
  } as {
    _id: string;
  });
  return _id;
}

const soon = (minutes = 60): string => new Date(Date.now() + minutes * 60_000).toISOString();

async function notice(admin: Account, path: string, fields: object): Promise<string> {
  const body = { title: 'Later', message: 'Not yet', startsAt: soon(), ...fields };
  return (await admin.http.post<{ id: string }>(`/api/admin/${path}`, body)).body.id;
}

const epochOf = ({ mongo }: Scene['world']): Promise<string> => createFeedLog(mongo).epoch();

const option = { name: 'Size', required: true, choices: [{ name: 'Large', price: 50 }] };

const item = (name: string) => ({ name, price: 100, currency: 'INR', stock: 5, options: [option], note: 'Hot', available: true });

async function refund({ admin, placeOrder }: Scene): Promise<{ id: string; userId: string; orderId: string }> {
  const body = { orderId: (await placeOrder()).id, amount: 10, reason: 'Goodwill' };
  return (await expectStatus(201, admin.http.post<{ id: string; userId: string; orderId: string }>('/api/admin/refunds', body))).body;
}

async function reconciliation({ admin }: Scene): Promise<string> {
  const { body } = await expectStatus(202, admin.http.post<{ items: { id: string }[] }>('/api/admin/reconciliations', {}));
  return body.items[0]!.id;
}

async function withOption(owner: Account, merchantId: string): Promise<{ id: string }> {
  const { body } = await owner.http.post<{ id: string }>(
    `/api/merchants/${merchantId}/items`,
    item(`Tea ${randomBytes(4).toString('hex')}`),
  );
  return body;
}

async function program({ stall }: Scene): Promise<Pick<Fixture, 'as' | 'params'>> {
  return { as: stall.owner, params: { id: stall.merchant.id, programId: (await programAt(stall)).id } };
}

/** Asked for by the stall's owner. */
async function enrollment(scene: Scene): Promise<{ id: string }> {
  const { stall, customer } = scene;
  const body = { programId: (await program(scene)).params!['programId'], userId: customer.id };
  return (await expectStatus(201, stall.owner.http.post<{ id: string }>('/api/enrollments', body))).body;
}

async function listedCustomer(scene: Scene): Promise<Pick<Fixture, 'as' | 'params'>> {
  await cardOf(scene);
  const { stall, customer } = scene;
  return { as: stall.owner, params: { id: stall.merchant.id, userId: customer.id } };
}

/** A merchant on its trial, with nothing to do with the others. */
async function subscriber({ world }: Scene) {
  const { owner, merchant } = await createStall(world);
  return { as: owner, params: { id: merchant.id } };
}

/** One whose owner can pay. */
async function richSubscriber(scene: Scene) {
  const found = await subscriber(scene);
  await topUp(scene.world, found.as, 500_000);
  await waitFor('the money', async () => (await found.as.http.get<{ balance: number }>('/api/wallet')).body.balance > 0);
  return found;
}
