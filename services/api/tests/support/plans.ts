import type { ClientSession, JobDocument } from '@tidings/platform';
import type { Domain } from './domain.js';

/** Does every job of plans and investments that is due by then, and those that come of it: as a process does that was away. @param job this one, whatever was done before */
export async function runDuePlans(domain: Domain, until: Date, job?: JobDocument): Promise<void> {
  const handlers = { ...domain.plans.jobs };
  const jobs = domain.mongo.db.collection<JobDocument>('jobs');
  const run = ({ _id, kind, ...rest }: JobDocument) =>
    handlers[kind]?.({ _id, kind, ...rest }, async (session: ClientSession) => {
      await jobs.updateOne({ _id }, { $set: { state: 'done' } }, { session });
      return true;
    });
  if (job) return run(job);
  const due = await jobs
    .find({ state: 'due', dueAt: { $lte: until }, kind: { $in: Object.keys(handlers) } })
    .sort({ dueAt: 1, _id: 1 })
    .toArray();
  for (const one of due) await run(one);
  if (due.length > 0) await runDuePlans(domain, until);
}
