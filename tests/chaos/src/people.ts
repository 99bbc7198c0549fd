import { openClient, waitFor } from '@tidings/testing';
import type { Answer, Caller, Request } from './caller.js';
import type { Screen } from './verdict-events.js';

export interface Person {
  id: string;
  name: string;
  token: string;
}

export interface Shop {
  merchantId: string;
  vendor: Person;
  itemId: string;
}

export interface People {
  customers: Person[];
  shops: Shop[];
  admin: Person;
}

/** @throws Error when the answer is not a success */
export async function need(caller: Caller, request: Request): Promise<Answer['body']> {
  const { status, body } = await caller.call(request);
  if (status >= 300) throw new Error(`${request.method} ${request.path}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** Customers, and merchants with one member and one item each, made by the public API. */
export async function createPeople(
  caller: Caller,
  adminLogin: { email: string; password: string },
  counts: { customers: number; shops: number },
): Promise<People> {
  const enter = async (path: string, body: Record<string, string>): Promise<Person> => {
    const answer = await need(caller, { method: 'POST', path, body });
    const { id, name } = answer['user'] as { id: string; name: string };
    return { id, name, token: String(answer['accessToken']) };
  };
  const password = 'correct horse battery';
  const register = (name: string): Promise<Person> =>
    enter('/api/auth/register', { name, email: `${name.toLowerCase().replace(' ', '.')}@example.com`, password });

  const admin = await enter('/api/auth/login', { ...adminLogin });
  const customers = await Promise.all(Array.from({ length: counts.customers }, (_, index) => register(`Customer ${index + 1}`)));
  const shops = await Promise.all(
    Array.from({ length: counts.shops }, async (_, index): Promise<Shop> => {
      const vendor = await register(`Vendor ${index + 1}`);
      const merchant = await need(caller, {
        method: 'POST',
        path: '/api/admin/merchants',
        token: admin.token,
        body: { name: `Stall ${index + 1}`, ownerName: vendor.name, email: `stall${index + 1}@example.com` },
      });
      const merchantId = String(merchant['id']);
      await need(caller, {
        method: 'POST',
        path: `/api/merchants/${merchantId}/members`,
        token: admin.token,
        body: { userId: vendor.id, role: 'owner' },
      });
      const item = await need(caller, {
        method: 'POST',
        path: `/api/merchants/${merchantId}/items`,
        token: vendor.token,
        body: { name: 'Masala chai', price: 4_000 },
      });
      return { merchantId, vendor, itemId: String(item['id']) };
    }),
  );
  return { customers, shops, admin };
}

/** A stock client for everybody, and a second one for every other customer: the same person on two screens. */
export async function openScreens(people: People, gatewayUrl: string): Promise<Screen[]> {
  const { customers, shops, admin } = people;
  const owners = [...customers, ...customers.filter((_, index) => index % 2 === 0), ...shops.map(({ vendor }) => vendor), admin, admin];
  return Promise.all(
    owners.map(async (person, index): Promise<Screen> => {
      // A gateway that stands still accepts connections and says nothing: the next attempt goes to another one.
      const client = openClient({ url: gatewayUrl, token: person.token, userId: person.id, socket: { timeout: 1_500 } });
      await waitFor(`${person.name}'s screen`, () => client.received.some(({ type }) => type === 'connected'));
      return { name: `${person.name} (screen ${index + 1})`, client, start: { ...client.hello().feeds } };
    }),
  );
}
