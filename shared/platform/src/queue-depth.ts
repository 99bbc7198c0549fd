import type { Queue } from 'bullmq';
import { within } from './time.js';

/** BullMQ waits for Redis when it adds before it was ever connected, and when it closes: nobody else shall. */
export const redisPatienceMs = 3_000;

/** Of one BullMQ queue. */
export interface QueueDepth {
  name: string;
  waiting: number;
  active: number;
  delayed: number;
  failed: number;
  oldestWaitingAt: Date | null;
}

/** @throws when Redis does not answer */
export async function queueDepth(queue: Queue): Promise<QueueDepth> {
  return within(redisPatienceMs, async () => {
    const [counts, [oldest]] = await Promise.all([
      queue.getJobCounts('waiting', 'active', 'delayed', 'failed'),
      queue.getJobs(['waiting'], 0, 0, true),
    ]);
    const { waiting = 0, active = 0, delayed = 0, failed = 0 } = counts;
    return { name: queue.name, waiting, active, delayed, failed, oldestWaitingAt: oldest ? new Date(oldest.timestamp) : null };
  });
}
