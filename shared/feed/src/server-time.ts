import type { Mongo } from '@tidings/platform';

/** The database's clock, which all replicas share. */
export async function serverTime({ db }: Pick<Mongo, 'db'>): Promise<Date> {
  const { localTime } = (await db.command({ hello: 1 })) as { localTime: Date };
  return localTime;
}
