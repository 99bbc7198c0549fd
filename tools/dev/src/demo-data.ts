import { createHttp, type Http } from '@tidings/testing';

export const demoPassword = 'tidings-demo';
export const demoLogins = {
  customer: { name: 'Asha Customer', email: 'customer@tidings.example' },
  vendor: { name: 'Ravi Vendor', email: 'vendor@tidings.example' },
} as const;

export interface DemoLogin {
  id: string;
  name: string;
  token: string;
  http: Http;
}

export interface DemoWorld {
  customer: DemoLogin;
  vendor: DemoLogin;
  admin: DemoLogin;
  merchant: { id: string; name: string };
  items: { id: string; name: string; price: number }[];
}

interface Entered {
  user: { id: string; name: string };
  accessToken: string;
}

/** Somebody has changed what the demo needs: suspended one of its people, or given its stall away. */
export class DemoDataError extends Error {}

/**
 * People, a stall and its menu, made by the public API alone. Asked twice, it finds what is there, also under another name.
 * @throws DemoDataError when that is not to be had
 */
export async function ensureDemoData(url: string, admin: { email: string; password: string }): Promise<DemoWorld> {
  const guest = createHttp(url);
  const enter = async (email: string, password: string, name?: string): Promise<DemoLogin> => {
    let answer = await guest.post<Entered>('/api/auth/login', { email, password });
    if (answer.status === 401 && name) answer = await guest.post<Entered>('/api/auth/register', { name, email, password });
    if (answer.status >= 300) throw new DemoDataError(`${email} cannot log in: ${JSON.stringify(answer.body)}`);
    const { user, accessToken } = answer.body;
    return { id: user.id, name: user.name, token: accessToken, http: createHttp(url, accessToken) };
  };
  const boss = await enter(admin.email, admin.password);
  const customer = await enter(demoLogins.customer.email, demoPassword, demoLogins.customer.name);
  const vendor = await enter(demoLogins.vendor.email, demoPassword, demoLogins.vendor.name);

  const name = 'Chai & Samosa';
  const { memberships } = (await need(vendor.http.get<{ memberships: { merchantId: string }[] }>('/api/me'))).body;
  const own = memberships.map(({ merchantId }) => merchantId).sort(); // ids begin with the time: the oldest is the demo's
  const wanted = own.length > 0 ? `ids=${own.slice(0, 100).join(',')}` : `q=${encodeURIComponent(name)}`;
  const found = (await need(boss.http.get<{ items: { id: string; name: string }[] }>(`/api/merchants?${wanted}`))).body.items;
  // Without a membership it may be that the last start ended before there was one.
  let merchant = own.length > 0 ? own.flatMap((id) => found.filter((one) => one.id === id))[0] : found.find((one) => one.name === name);
  if (!merchant) {
    merchant = (
      await need(
        boss.http.post<{ id: string; name: string }>('/api/admin/merchants', {
          name,
          ownerName: demoLogins.vendor.name,
          email: demoLogins.vendor.email,
          category: 'food',
        }),
      )
    ).body;
  }
  const { body: members } = await need(boss.http.get<{ items: { userId: string }[] }>(`/api/merchants/${merchant.id}/members`));
  if (!members.items.some(({ userId }) => userId === vendor.id)) {
    await need(boss.http.post(`/api/merchants/${merchant.id}/members`, { userId: vendor.id, role: 'owner' }));
  }
  const menu = await need(vendor.http.get<{ items: DemoWorld['items'] }>(`/api/merchants/${merchant.id}/items`));
  const items = [...menu.body.items];
  for (const item of [
    { name: 'Masala chai', price: 4_000 },
    { name: 'Samosa', price: 6_000, stock: 500 },
  ]) {
    if (!items.some((one) => one.name === item.name)) {
      items.push((await need(vendor.http.post<DemoWorld['items'][number]>(`/api/merchants/${merchant.id}/items`, item))).body);
    }
  }
  return { customer, vendor, admin: boss, merchant, items };
}

async function need<T extends { status: number; body: unknown }>(pending: Promise<T>): Promise<T> {
  const answer = await pending;
  if (answer.status >= 300) throw new DemoDataError(`The demo data cannot be made: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}
