import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { audit, auditRead, collections } from '@tidings/feed';
import { startApi, type Person, type TestApi } from './support/api.js';

describe('administration', () => {
  let world: TestApi;
  let admin: Person;
  beforeAll(async () => {
    world = await startApi();
    admin = await world.admin();
  });
  afterAll(() => world.stop());

  const items = async (path: string, as = admin) => (await as.http.get<{ items: Record<string, unknown>[] }>(path)).body.items;

  describe('the audit log', () => {
    test('suspending and lifting are in it, newest first, each once', async () => {
      const { id } = await world.register();
      for (const status of ['suspended', 'suspended', 'active']) await admin.http.patch(`/api/admin/users/${id}`, { status });
      const entries = await items(`/api/admin/audit?target=user:${id}`);
      expect(entries.map(({ action, actor }) => [action, actor])).toEqual([
        ['user.reinstate', admin.id],
        ['user.suspend', admin.id],
      ]);
    });

    test('an entry is part of the transaction of what it tells of', async () => {
      const { unitOfWork } = world.api.context;
      const failing = unitOfWork.run({ actor: admin.id }, async (tx) => {
        await audit(tx, { action: 'thing.change', target: 'thing:rolled-back' });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      await unitOfWork.run({ actor: admin.id }, (tx) =>
        audit(tx, { action: 'thing.change', target: 'thing:kept', details: { amount: 5, words: ['a', 'b'], note: null } }),
      );
      expect(await items('/api/admin/audit?target=thing:rolled-back')).toEqual([]);
      expect(await items('/api/admin/audit?target=thing:kept')).toEqual([
        {
          id: expect.any(String),
          at: expect.any(String),
          actor: admin.id,
          action: 'thing.change',
          target: 'thing:kept',
          details: { amount: 5, words: ['a', 'b'], note: null },
        },
      ]);
    });

    test('it is filtered by who, what, whom and when, and pages without loss', async () => {
      for (let look = 0; look < 5; look++) await auditRead(world.mongo, 'auditor', { action: 'thing.look', target: `thing:${look}` });
      const seen: unknown[] = [];
      for (let cursor = ''; ;) {
        const { body } = await admin.http.get<{ items: Record<string, unknown>[]; nextCursor: string | null }>(
          `/api/admin/audit?actor=auditor&action=thing.look&limit=2${cursor}`,
        );
        seen.push(...body.items.map(({ target }) => target));
        if (!body.nextCursor) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect(seen).toEqual(['thing:4', 'thing:3', 'thing:2', 'thing:1', 'thing:0']);
      const [third] = await items('/api/admin/audit?target=thing:2');
      const at = String(third!['at']);
      expect((await items(`/api/admin/audit?actor=auditor&from=${at}`)).map(({ target }) => target)).toContain('thing:2');
      expect((await items(`/api/admin/audit?actor=auditor&to=${at}`)).map(({ target }) => target)).not.toContain('thing:2');
    });

    test('each of its filters has an index that also sorts', async () => {
      for (const filter of [{}, { actor: 'a' }, { action: 'b' }, { target: 'c' }]) {
        const plan = await world.mongo.db.collection(collections.audit).find(filter).sort({ at: -1, _id: -1 }).explain('queryPlanner');
        const text = JSON.stringify(plan['queryPlanner'].winningPlan);
        expect(text).toContain('IXSCAN');
        expect(text).not.toContain('"SORT"');
      }
    });

    test('it is for administrators', async () => {
      expect((await (await world.register()).http.get('/api/admin/audit')).status).toBe(403);
    });
  });
});
