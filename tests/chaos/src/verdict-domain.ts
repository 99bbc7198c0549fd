import type { CommittedEvent, Recorder } from './recorder.js';
import type { Promises } from './load.js';

/** Money is neither made nor lost, whatever died. Straight from the collections. */
export async function checkLedger(recorder: Recorder): Promise<string[]> {
  const faults: string[] = [];
  const perCurrency = new Map<string, number>();
  const perTransfer = new Map<string, number>();
  const perAccount = new Map<string, number>();
  for (const posting of await recorder.all('postings')) {
    const amount = Number(posting['amount']);
    add(perCurrency, String(posting['currency']), amount);
    add(perTransfer, String(posting['transferId']), amount);
    add(perAccount, String(posting['account']), amount);
    if (posting['pending'] === true)
      faults.push(`the posting ${String(posting['_id'])} of ${String(posting['account'])} was never rolled up`);
  }
  for (const [currency, sum] of perCurrency) if (sum !== 0) faults.push(`the postings in ${currency} sum to ${sum}`);
  for (const [transfer, sum] of perTransfer) if (sum !== 0) faults.push(`the transfer ${transfer} sums to ${sum}`);
  for (const { _id } of await recorder.all('transfers'))
    if (!perTransfer.has(String(_id))) faults.push(`the transfer ${String(_id)} has no postings`);
  for (const account of await recorder.all('accounts')) {
    const id = String(account['_id']);
    const balance = Number(account['balance']);
    if (balance !== (perAccount.get(id) ?? 0)) faults.push(`${id} has ${balance}, its postings say ${perAccount.get(id) ?? 0}`);
    if (balance < 0 && (account['kind'] === 'user' || account['kind'] === 'merchant')) faults.push(`${id} is below zero: ${balance}`);
  }
  return faults;
}

/** What the API has said yes to is there, once; and nothing is there that nobody asked for. */
export async function checkPromises(recorder: Recorder, { orders, topUps, unresolved }: Promises): Promise<string[]> {
  const faults: string[] = unresolved.map((call) => `no answer to ${call}, however often it was asked`);
  const storedOrders = new Map((await recorder.all('orders')).map((order) => [String(order['_id']), String(order['status'])]));
  if (storedOrders.size !== orders.size) faults.push(`${orders.size} orders were placed, ${storedOrders.size} are stored`);
  for (const [id, status] of orders)
    if (storedOrders.get(id) !== status) faults.push(`the order ${id} is ${storedOrders.get(id)}, the API said ${status}`);

  const storedTopUps = new Map((await recorder.all('topups')).map((topUp) => [String(topUp['_id']), String(topUp['status'])]));
  if (storedTopUps.size !== topUps.size) faults.push(`${topUps.size} top-ups were begun, ${storedTopUps.size} are stored`);
  for (const id of topUps) if (storedTopUps.get(id) !== 'succeeded') faults.push(`the paid top-up ${id} is ${storedTopUps.get(id)}`);

  // Those whose time has not come wait rightly: what comes by the clock has its next one there.
  const jobs = (await recorder.all('jobs')).filter(
    ({ state, dueAt }) => state === 'failed' || (state === 'due' && (dueAt as Date) < new Date()),
  );
  for (const job of jobs) faults.push(`the job ${String(job['_id'])} is ${String(job['state'])}: ${String(job['lastError'] ?? '')}`);
  return faults;
}

const customer = ({ data, to }: CommittedEvent): string[] => [String(data['userId'] ?? to['userId'])];
const everyMember = ({ to }: CommittedEvent, members: (merchantId: string) => string[]): string[] => members(String(to['merchantId']));

/** Whom each event tells, written down a second time: the catalogue is what is being checked. */
const tells: Readonly<Record<string, (event: CommittedEvent, members: (merchantId: string) => string[]) => string[]>> = {
  'payment-completed': customer,
  'payment-failed': customer,
  'payment-refunded': customer,
  // That it is ready is told by `order-ready`.
  'order-status-changed': (event) => (event.data['status'] === 'ready' ? [] : customer(event)),
  'order-ready': customer,
  'new-order': everyMember,
  'balance-updated': () => [],
  'new-notification': () => [],
  'item-updated': () => [],
};

/** Each notification exists once, is on the user's feed once, and there is none beside them. */
export async function checkNotifications(recorder: Recorder): Promise<string[]> {
  const faults: string[] = [];
  const users = await recorder.all('users');
  const members = (merchantId: string): string[] =>
    users
      .filter(({ memberships }) => (memberships as { merchantId: string }[]).some((one) => one.merchantId === merchantId))
      .map(({ _id }) => String(_id));

  const wanted = new Set<string>();
  const judged = new Set<string>();
  for (const event of recorder.events) {
    const audience = tells[event.type];
    if (!audience) continue; // of the preparations: merchants, members
    judged.add(event.id);
    for (const userId of audience(event, members)) wanted.add(`${event.id} for ${userId}`);
  }
  const shown = new Map<string, number>();
  for (const { type, data } of recorder.events) if (type === 'new-notification') add(shown, String(data['notificationId']), 1);

  const stored = new Set<string>();
  for (const notification of await recorder.all('notifications')) {
    const id = String(notification['_id']);
    const times = shown.get(id) ?? 0;
    if (times !== 1) faults.push(`the notification ${id} was shown ${times} times`);
    shown.delete(id);
    if (!judged.has(String(notification['eventId']))) continue;
    const key = `${String(notification['eventId'])} for ${String(notification['userId'])}`;
    if (stored.has(key)) faults.push(`the notification of ${key} exists twice`);
    if (!wanted.has(key)) faults.push(`nobody asked for the notification of ${key}`);
    stored.add(key);
  }
  for (const key of wanted) if (!stored.has(key)) faults.push(`the notification of ${key} is missing`);
  for (const id of shown.keys()) faults.push(`the notification ${id} was shown and does not exist`);
  const pending = (await recorder.all('outbox')).filter((event) => event['pending'] === true);
  for (const event of pending) faults.push(`the event ${String(event['_id'])} is still to be handled`);
  return faults;
}

function add(sums: Map<string, number>, key: string, amount: number): void {
  sums.set(key, (sums.get(key) ?? 0) + amount);
}
