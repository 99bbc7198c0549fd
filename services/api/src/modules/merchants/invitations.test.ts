import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reduceInvitations, type AnyEvent, type Invitation, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId, type JobDocument } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { presentInvitation } from './invitation-records.js';
import { invitationJobKind } from './invitations.js';

describe('invitations', () => {
  let domain: Domain;
  let owner: Principal;
  let merchantId: string;
  let now: Date;
  beforeAll(async () => {
    now = new Date();
    domain = await createDomain({ now: () => now });
    const input = { name: 'Chai House', ownerName: 'Ravi', email: `${newId()}@example.com` };
    merchantId = (await domain.run((tx) => domain.merchants.merchants.create(tx, input))).result._id;
    owner = await domain.person({ merchants: [merchantId] });
  });
  afterAll(() => domain.stop());

  const invitations = () => domain.merchants.invitations;
  const users = () => domain.mongo.db.collection<{ _id: string; email: string }>('users');
  const invite = (email: string, by = owner) =>
    domain.run((tx) => invitations().invite(tx, by, merchantId, { email, role: 'staff' }), by.userId);
  const resend = (id: string) => domain.run((tx) => invitations().resend(tx, owner, merchantId, id), owner.userId);
  const decide = (who: Principal, by: { token: string } | { invitationId: string }, decision: 'accept' | 'decline' = 'accept') =>
    domain.run((tx) => invitations().decide(tx, who, { ...by, decision }), who.userId);
  const someone = async (email: string): Promise<Principal> => {
    const person = await domain.person();
    await users().updateOne({ _id: person.userId }, { $set: { email } });
    return person;
  };
  const address = () => `${newId().toLowerCase()}@example.com`;
  const later = (ms: number) => void (now = new Date(now.getTime() + ms));

  test('of somebody without an account are accepted with the token, once they have one', async () => {
    const email = address();
    const { result, events } = await invite(email);
    expect(events).toMatchObject([
      { type: 'invitation-updated', feeds: [`merchant:${merchantId}`], data: { invitation: { status: 'pending' } } },
    ]);
    expect(events[0]).not.toHaveProperty('pending');
    const guest = await someone(email);
    const { events: accepted } = await decide(guest, { token: result.token });
    expect(accepted.map(({ type }) => type)).toEqual(['access-changed', 'invitation-updated']);
    expect(accepted[0]).toMatchObject({ feeds: [`user:${guest.userId}`], data: { feeds: [`merchant:${merchantId}`] } });
    expect(await users().findOne({ _id: guest.userId })).toMatchObject({ memberships: [{ merchantId, role: 'staff' }] });
    await expect(decide(guest, { token: result.token })).rejects.toMatchObject({ code: 'invalid-transition' });
  });

  test('of somebody with an account are told there, and answered without a token', async () => {
    const email = address();
    const guest = await someone(email);
    const { result, events } = await invite(email);
    expect(events[0]).toMatchObject({ feeds: [`merchant:${merchantId}`, `user:${guest.userId}`], pending: true });
    const invitationId = result.invitation.id;
    expect((await invitations().mine(guest, { limit: 10 })).page.map(({ _id }) => _id)).toEqual([invitationId]);
    const stranger = await domain.person();
    await expect(decide(stranger, { invitationId })).rejects.toMatchObject({ code: 'not-found' });
    expect((await decide(guest, { invitationId }, 'decline')).result.status).toBe('declined');
    expect((await invitations().mine(guest, { limit: 10 })).page).toEqual([]);
  });

  test('keep their token nowhere, and serve nobody with another address or another secret', async () => {
    const email = address();
    const { result } = await invite(email);
    const stored = await domain.mongo.db.collection('invitations').findOne({ email });
    expect(JSON.stringify(stored)).not.toContain(result.token.split('.')[1]);
    await expect(decide(await domain.person(), { token: result.token })).rejects.toMatchObject({ code: 'not-found' });
    const guest = await someone(email);
    const forged = `${result.invitation.id}.${'A'.repeat(43)}`;
    await expect(decide(guest, { token: forged })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('are made by owners alone, once for an address, and not for members', async () => {
    const email = address();
    await expect(invite(email, await domain.person())).rejects.toMatchObject({ code: 'forbidden' });
    const made = await Promise.allSettled([invite(email), invite(email), invite(email)]);
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(invite(`${owner.userId}@example.com`)).rejects.toMatchObject({ code: 'already-exists' });
  });

  test('are given out again at most once a minute and five times, each time with a token that voids the one before', async () => {
    const email = address();
    const { result: first } = await invite(email);
    const { id } = first.invitation;
    await expect(resend(id)).rejects.toMatchObject({ code: 'rate-limited' });
    let last = first.token;
    for (let sends = 2; sends <= 5; sends++) {
      later(60_000);
      last = (await resend(id)).result.token;
    }
    later(60_000);
    await expect(resend(id)).rejects.toMatchObject({ code: 'invalid-transition' });
    const guest = await someone(email);
    await expect(decide(guest, { token: first.token })).rejects.toMatchObject({ code: 'not-found' });
    expect((await decide(guest, { token: last })).result.status).toBe('accepted');
  });

  test('end when they are taken back, and after seven days', async () => {
    const [taken, old] = [await invite(address()), await invite(address())];
    await domain.run((tx) => invitations().revoke(tx, owner, merchantId, taken.result.invitation.id), owner.userId);
    const { id, email } = old.result.invitation;
    later(7 * 86_400_000);
    await expect(decide(await someone(email), { token: old.result.token })).rejects.toMatchObject({ code: 'invalid-transition' });
    const jobs = domain.mongo.db.collection<JobDocument>('jobs');
    const job = await jobs.findOne({ kind: invitationJobKind, 'data.invitationId': id });
    for (let time = 0; time < 2; time++) await invitations().expire(job!, () => Promise.resolve(true));
    const { page } = await invitations().list(owner, merchantId, { limit: 100 });
    const found = page.filter(({ _id }) => _id === id || _id === taken.result.invitation.id);
    expect(new Set(found.map(({ status, version }) => `${status} ${version}`))).toEqual(new Set(['expired 2', 'revoked 2']));
    // The address is free again.
    await invite(email);
  });

  test('are void once their guest was a member and is none any more', async () => {
    const email = address();
    const guest = await someone(email);
    const { result } = await invite(email);
    const { members } = domain.merchants;
    const by = (who: Principal, work: (tx: Tx) => Promise<unknown>) => domain.run(work, who.userId);
    // Somebody did not wait for the answer, and somebody thought better of it: the letter is still about.
    await by(owner, (tx) => members.add(tx, owner, merchantId, { userId: guest.userId, role: 'staff' }));
    const { events } = await by(owner, (tx) => members.remove(tx, owner, merchantId, guest.userId));
    expect(events.map(({ type }) => type)).toEqual(['access-changed', 'invitation-updated']);
    for (const answer of [{ token: result.token }, { invitationId: result.invitation.id }])
      await expect(decide(guest, answer)).rejects.toMatchObject({ code: 'invalid-transition' });
    expect(await users().findOne({ _id: guest.userId })).toMatchObject({ memberships: [] });
    // Who is wanted back is invited anew.
    const again = await invite(email);
    expect((await decide(guest, { token: again.result.token })).result.status).toBe('accepted');
  });

  test('and their removal at the same instant leave nobody in by the letter alone', async () => {
    for (let round = 0; round < 4; round++) {
      const guest = await someone(address());
      const { email } = (await users().findOne({ _id: guest.userId }))!;
      const { result } = await invite(email);
      const { members } = domain.merchants;
      await domain.run((tx) => members.add(tx, owner, merchantId, { userId: guest.userId, role: 'staff' }), owner.userId);
      await Promise.allSettled([
        domain.run((tx) => members.remove(tx, owner, merchantId, guest.userId), owner.userId),
        decide(guest, { token: result.token }),
      ]);
      expect(await users().findOne({ _id: guest.userId })).toMatchObject({ memberships: [] });
    }
  });

  test('are on the owners’ screens as they are fetched', async () => {
    const outbox = domain.mongo.db.collection('outbox').find({ type: 'invitation-updated' }).sort({ at: 1, _id: 1 });
    const events = (await outbox.toArray()) as unknown as AnyEvent[];
    const live = events.reduce<readonly Invitation[]>((state, event) => reduceInvitations(state, event), []);
    const { page } = await invitations().list(owner, merchantId, { limit: 100 });
    expect(live).toEqual(page.map(presentInvitation));
  });
});
