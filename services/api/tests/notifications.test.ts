import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reduceNotifications, type AnyEvent, type Notification } from '@tidings/contracts';
import { notificationCollections, notificationId, presentNewNotification, type NotificationDocument } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { Answer } from '@tidings/testing';
import { startApi, type Person, type TestApi } from './support/api.js';

interface List {
  items: Notification[];
  nextCursor: string | null;
}

let api: TestApi;

beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** As the notification worker writes it: the document, and the event that tells of it. */
async function notify(userId: string, count: number): Promise<string[]> {
  const collection = api.mongo.db.collection<NotificationDocument>(notificationCollections.notifications);
  const { result } = await api.api.context.unitOfWork.run({ actor: null }, async (tx) => {
    const documents = Array.from({ length: count }, (_, index): NotificationDocument => {
      const eventId = newId();
      return {
        _id: notificationId(eventId, userId),
        userId,
        eventId,
        title: 'Money added',
        message: `Payment ${index}`,
        type: 'success',
        category: 'payment',
        data: { transactionId: newId() },
        readAt: null,
        createdAt: tx.now,
      };
    });
    await collection.insertMany(documents, { session: tx.session });
    for (const document of documents) tx.emit('new-notification', presentNewNotification(document), { userId });
    return documents.map(({ _id }) => _id);
  });
  return result;
}

const list = async (person: Person, query = ''): Promise<List> => (await person.http.get<List>(`/api/notifications${query}`)).body;

test('lists the own notifications, newest first, page by page', async () => {
  const person = await api.register();
  const [first, second, third] = [await notify(person.id, 1), await notify(person.id, 1), await notify(person.id, 1)].flat();
  await notify((await api.register()).id, 1);
  const page = await list(person, '?limit=2');
  expect(page.items.map(({ id }) => id)).toEqual([third, second]);
  const rest = await list(person, `?limit=2&cursor=${page.nextCursor}`);
  expect(rest).toMatchObject({ items: [{ id: first, title: 'Money added', readAt: null }], nextCursor: null });
});

test('says from where to follow', async () => {
  const person = await api.register();
  const { headers } = await person.http.get('/api/notifications');
  expect(headers.get('tidings-cursor')).toContain(`user:${person.id}=`);
});

test('refuses a cursor that is not of this list', async () => {
  const person = await api.register();
  const answer = await person.http.get('/api/notifications?cursor=e30');
  expect(answer).toMatchObject({ status: 400, body: { code: 'bad-request', errors: [{ path: 'cursor' }] } });
});

test('one that is read says when, once, and tells the other devices', async () => {
  const person = await api.register();
  const [id] = await notify(person.id, 2);
  const read: Answer = await person.http.post(`/api/notifications/${id}/read`);
  expect(read).toMatchObject({ status: 200, body: { id, readAt: expect.any(String) } });
  const again = await person.http.post(`/api/notifications/${id}/read`);
  expect(again.body).toEqual(read.body);
  const told = (await api.eventsOf(person.id)).filter(({ type }) => type === 'notification-updated');
  expect(told).toMatchObject([{ data: { notificationId: id, readAt: read.body['readAt'] } }]);
  expect((await list(person, '?unread=true')).items).toHaveLength(1);
  expect((await list(person, '?unread=false')).items.map((one) => one.id)).toEqual([id]);
});

test("somebody else's is not found", async () => {
  const [id] = await notify((await api.register()).id, 1);
  const stranger = await api.register();
  expect(await stranger.http.post(`/api/notifications/${id}/read`)).toMatchObject({ status: 404, body: { code: 'not-found' } });
});

test('all are read in calls of 200, and a client that followed the events has what a fetch returns', async () => {
  const person = await api.register();
  await notify(person.id, 205);
  expect((await person.http.post('/api/notifications/read-all')).body).toEqual({ read: 200, unread: 5 });
  expect((await person.http.post('/api/notifications/read-all')).body).toEqual({ read: 5, unread: 0 });
  expect((await person.http.post('/api/notifications/read-all')).body).toEqual({ read: 0, unread: 0 });
  const [last] = await notify(person.id, 1);
  const live = (await api.eventsOf(person.id)).reduce<readonly Notification[]>(
    (state, { type, data }) => reduceNotifications(state, { type, data } as AnyEvent),
    [],
  );
  const fresh = await list(person, '?limit=100');
  expect(live).toHaveLength(206);
  expect(live.slice(0, 100)).toEqual(fresh.items);
  expect(live[0]!.id).toBe(last);
});
