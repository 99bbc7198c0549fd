import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  auditRead,
  collections,
  createAuditSealer,
  createUnitOfWork,
  ensureFeedIndexes,
  genesisHash,
  verifyAuditLog,
  type AuditEntry,
  type AuditHead,
  type AuditSeal,
  type UnsealedMark,
} from '@tidings/feed';
import { inTransaction, newId, type Mongo } from '@tidings/platform';
import { createTestStore, type TestStore } from '@tidings/testing';

let store: TestStore;
let mongo: Mongo;
beforeAll(async () => {
  store = await createTestStore();
  ({ mongo } = store);
  await ensureFeedIndexes(mongo);
});
afterAll(() => store.close());

const entries = () => mongo.db.collection<AuditEntry>(collections.audit);
const seals = () => mongo.db.collection<AuditSeal>(collections.auditSeals);
const heads = () => mongo.db.collection<AuditHead>(collections.auditHead);
const marks = () => mongo.db.collection<UnsealedMark>(collections.auditUnsealed);
beforeEach(async () => {
  for (const collection of [entries(), seals(), heads(), marks()]) await collection.deleteMany({});
});

const unitOfWork = () => createUnitOfWork({ mongo, jobs: { add: async () => undefined, nudge: async () => undefined } });
const admin = { userId: 'admin', sessionId: 's1', from: { ip: '192.0.2.1', userAgent: 'test' } };
const act = (name: string) => unitOfWork().run({ actor: 'admin' }, (tx) => tx.audit({ action: 'thing.change', target: `thing:${name}` }));
const act10 = async (): Promise<AuditEntry[]> => {
  for (let n = 1; n <= 10; n++) await act(String(n));
  await createAuditSealer(mongo).run();
  const inOrder = await seals().find().sort({ _id: 1 }).toArray();
  return Promise.all(inOrder.map(async ({ entryId }) => (await entries().findOne({ _id: entryId }))!));
};
const problems = async (known?: { seq: number; hash: string }): Promise<string[]> => (await verifyAuditLog(mongo, known)).problems;
const longAgo = new Date('2026-01-01T00:00:00Z');

describe('an entry', () => {
  test('tells who, from where, and what was there before and after, without secrets and cut to a size', async () => {
    const before = { name: 'Tea', apiKey: 'k', nested: { password: 'p', url: 'https://x.example/?token=abc' }, at: longAgo };
    const after = { text: 'x'.repeat(2_000), list: Array.from({ length: 60 }, (_, n) => n), lists: null };
    const origin = { ip: '192.0.2.1', userAgent: 'curl/8', sessionId: 's1' };
    await unitOfWork().run({ actor: 'admin', origin }, async (tx) => {
      await tx.audit({ action: 'thing.change', target: 'thing:1' });
      tx.auditChange({ before, after });
    });
    const [entry] = await entries().find().toArray();
    expect(entry).toMatchObject({ actor: 'admin', action: 'thing.change', from: origin });
    expect(entry!.before).toEqual({
      name: 'Tea',
      apiKey: '[masked]',
      nested: { password: '[masked]', url: 'https://x.example/?token=[masked]' },
      at: longAgo.toISOString(),
    });
    expect(entry!.after).toEqual({ text: `${'x'.repeat(500)}…`, list: [...Array(50).keys(), '… 10 more'], lists: null });

    const large = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`field${n}`, 'y'.repeat(400)]));
    await unitOfWork().run({ actor: 'admin' }, (tx) => tx.audit({ action: 'a.b', target: 'thing:2', before: null, after: large }));
    expect(await entries().findOne({ target: 'thing:2' })).toMatchObject({ before: null, after: { cut: true, bytes: expect.any(Number) } });
  });

  test('shows no change where nobody had to be noted', async () => {
    await unitOfWork().run({ actor: 'member' }, async (tx) => tx.auditChange({ before: null, after: {} }));
    expect(await entries().countDocuments()).toBe(0);
  });

  test('is gone with its transaction, mark and all', async () => {
    // At its very end: what it tells is refused.
    await mongo.db.command({ collMod: collections.outbox, validator: { type: 'nothing' } });
    const failed = unitOfWork().run({ actor: 'admin' }, async (tx) => {
      await tx.audit({ action: 'thing.change', target: 'thing:1' });
      tx.emit('access-changed', { feeds: [], reason: 'test' }, { userId: 'u1' });
    });
    await expect(failed).rejects.toThrow('Document failed validation');
    await mongo.db.command({ collMod: collections.outbox, validator: {} });
    expect([await entries().countDocuments(), await marks().countDocuments()]).toEqual([0, 0]);
  });
});

describe('the chain', () => {
  test('numbers every entry once, each by the hash of the one before', async () => {
    await auditRead(mongo, admin, { action: 'thing.look', target: 'thing:0' });
    await act10();
    const all = await seals().find().sort({ _id: 1 }).toArray();
    expect(all.map(({ _id }) => _id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(all.map(({ previousHash }) => previousHash)).toEqual([genesisHash, ...all.slice(0, -1).map(({ hash }) => hash)]);
    expect(await marks().countDocuments()).toBe(0);
    expect(await verifyAuditLog(mongo)).toEqual({ head: { seq: 11, hash: all.at(-1)!.hash }, problems: [], waiting: 0, late: 0 });
  });

  test('passes over no entry whose transaction commits late', async () => {
    await inTransaction(mongo, async (session) => {
      const _id = newId();
      await entries().insertOne({ _id, at: new Date(), actor: 'slow', action: 'a.b', target: 'thing:slow' }, { session });
      await marks().insertOne({ _id }, { session });
      await act('quick');
      await createAuditSealer(mongo).run();
    });
    expect(await marks().countDocuments()).toBe(1);
    await createAuditSealer(mongo).run();
    const order = await seals().find().sort({ _id: 1 }).toArray();
    const actors = await Promise.all(order.map(async ({ entryId }) => (await entries().findOne({ _id: entryId }))!.actor));
    expect(actors).toEqual(['admin', 'slow']);
    expect(await problems()).toEqual([]);
  });

  test('has no fork when several seal at once, from the first entry on', async () => {
    const sealers = Array.from({ length: 4 }, () => createAuditSealer(mongo));
    for (let round = 0; round < 5; round++) {
      await Promise.all(Array.from({ length: 6 }, (_, n) => act(`${round}-${n}`)));
      await Promise.all(sealers.map((sealer) => sealer.run()));
    }
    expect(await seals().countDocuments()).toBe(30);
    expect(await verifyAuditLog(mongo)).toMatchObject({ head: { seq: 30 }, problems: [], waiting: 0 });
  });

  test('keeps nothing of a round that was cut off, and the next one seals it', async () => {
    await act10();
    await act('more');
    // As one that dies between the writes of the round: the seals are refused when the head has been written.
    await mongo.db.command({ collMod: collections.auditSeals, validator: { _id: { $lt: 11 } } });
    await expect(createAuditSealer(mongo).run()).rejects.toThrow();
    expect([await marks().countDocuments(), (await heads().findOne())?.seq]).toEqual([1, 10]);
    await mongo.db.command({ collMod: collections.auditSeals, validator: {} });
    expect(await verifyAuditLog(mongo)).toMatchObject({ head: { seq: 10 }, problems: [], waiting: 1 });
    await createAuditSealer(mongo).run();
    expect(await verifyAuditLog(mongo)).toMatchObject({ head: { seq: 11 }, problems: [], waiting: 0 });
  });

  test('begins with what earlier versions wrote, by several at once too', async () => {
    await entries().insertMany(
      Array.from({ length: 1_200 }, (_, n) => ({ _id: newId(), at: longAgo, actor: 'a', action: 'a.b', target: `thing:${n}` })),
    );
    const sealers = [createAuditSealer(mongo), createAuditSealer(mongo)];
    await Promise.all(
      sealers.map(async (sealer) => {
        await sealer.adopt();
        await sealer.run();
      }),
    );
    // As when another replica was in the middle of its adoption.
    await marks().insertMany((await entries().find().limit(5).toArray()).map(({ _id }) => ({ _id })));
    await createAuditSealer(mongo).run();
    expect(await verifyAuditLog(mongo)).toMatchObject({ head: { seq: 1_200 }, problems: [], waiting: 0, late: 1_200 });
    // Later on, what a replica of the version before wrote while this one ran already.
    await entries().insertOne({ _id: newId(), at: new Date(), actor: 'a', action: 'a.b', target: 'thing:old' });
    await sealers[0]!.adopt();
    await sealers[0]!.run();
    expect(await verifyAuditLog(mongo)).toMatchObject({ head: { seq: 1_201 }, waiting: 0 });
  });

  test('does not begin anew when its head was taken', async () => {
    await act10();
    await heads().deleteMany({});
    await act('more');
    await expect(createAuditSealer(mongo).run()).rejects.toThrow('npm run audit:verify');
    await expect(createAuditSealer(mongo).adopt()).rejects.toThrow('npm run audit:verify');
    expect(await problems()).toEqual(['the head says 0, and the last seal is 10']);
  });
});

describe('is found out', () => {
  test('an entry that was changed, in any field', async () => {
    const all = await act10();
    const changes = [{ actor: 'somebody else' }, { at: longAgo }, { 'details.amount': 5 }, { note: 'new' }];
    for (const [index, $set] of changes.entries()) await entries().updateOne({ _id: all[index + 2]!._id }, { $set });
    expect(await problems()).toEqual(changes.map((_, index) => `${index + 3} (entry ${all[index + 2]!._id}): changed`));
  });

  test('an entry that was removed, with its seal too, and before it was sealed', async () => {
    const all = await act10();
    await entries().deleteOne({ _id: all[3]!._id });
    expect(await problems()).toEqual([`4 (entry ${all[3]!._id}): removed`]);
    await seals().deleteOne({ _id: 4 });
    expect(await problems()).toEqual(['4: removed']);
    await act('soon gone');
    const { _id } = (await entries().findOne({ target: 'thing:soon gone' }))!;
    await entries().deleteOne({ _id });
    await createAuditSealer(mongo).run();
    expect(await problems()).toEqual(['4: removed', `11 (entry ${_id}): removed before it was sealed`]);
  });

  test('an entry that was put in without a seal, or between two', async () => {
    const all = await act10();
    const entry = { _id: newId(), at: longAgo, actor: 'x', action: 'a.b', target: 'thing:x' };
    await entries().insertOne(entry);
    expect(await problems()).toEqual([`entry ${entry._id} of "${longAgo.toISOString()}" has no seal: put in, or nothing seals`]);
    // With a seal as the sealer would make it, in the place of another one, whose entry is left without.
    await marks().insertOne({ _id: entry._id });
    await createAuditSealer(mongo).run();
    expect(await verifyAuditLog(mongo)).toMatchObject({ problems: [], late: 1 });
    const forged = (await seals().findOne({ _id: 11 }))!;
    await seals().deleteMany({ _id: { $in: [5, 11] } });
    await seals().insertOne({ ...forged, _id: 5 });
    await heads().updateOne({}, { $set: { seq: 10, hash: (await seals().findOne({ _id: 10 }))!.hash } });
    const found = await problems();
    expect(found[0]).toBe(`5 (entry ${entry._id}): put in or moved, it does not go on from the one before`);
    expect(found[1]).toBe(`5 (entry ${entry._id}): its seal was changed or moved`);
    expect(found.join('\n')).not.toContain(all[3]!._id);
  });

  test('two that changed places', async () => {
    await act10();
    const [third, fourth] = await seals()
      .find({ _id: { $in: [3, 4] } })
      .sort({ _id: 1 })
      .toArray();
    await seals().deleteMany({ _id: { $in: [3, 4] } });
    await seals().insertMany([
      { ...third!, _id: 4 },
      { ...fourth!, _id: 3 },
    ]);
    expect((await problems())[0]).toBe(`3 (entry ${fourth!.entryId}): put in or moved, it does not go on from the one before`);
  });

  test('a tail that was cut off: by the head, and with the head by a place from before', async () => {
    const all = await act10();
    const { head } = await verifyAuditLog(mongo);
    const tail = { $in: all.slice(7).map(({ _id }) => _id) };
    await entries().deleteMany({ _id: tail });
    await seals().deleteMany({ entryId: tail });
    expect(await problems()).toEqual(['8 to 10 were removed: the head says 10, and the last seal is 7']);
    const seventh = (await seals().findOne({ _id: 7 }))!;
    await heads().updateOne({}, { $set: { seq: 7, hash: seventh.hash } });
    expect(await problems()).toEqual([]);
    expect(await problems(head)).toEqual(['8 to 10 were removed: the place that was given says 10, and the last seal is 7']);
    // Also when as many were written since.
    for (let n = 1; n <= 3; n++) await act(`new ${n}`);
    await createAuditSealer(mongo).run();
    expect(await problems(head)).toEqual(['10 is another than the place that was given says']);
    expect(await problems({ seq: 7, hash: seventh.hash })).toEqual([]);
  });

  test('whatever was made of the documents', async () => {
    await act10();
    await seals().updateOne({ _id: 2 }, { $set: { sealedAt: 'x', previousHash: 5 } as never });
    await entries().updateOne({ target: 'thing:6' }, { $set: { at: 'never' } as never });
    await entries().insertOne({ _id: 'odd', at: null } as never);
    const found = await problems();
    expect(found).toHaveLength(4);
    expect(found.join('\n')).toMatch(/2 \(.*put in or moved[^]*2 \(.*its seal[^]*6 \(.*changed[^]*odd of null has no seal/);
  });
});
