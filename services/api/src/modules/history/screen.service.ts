import {
  badField,
  emptyScreen,
  feeds,
  type PastScreen,
  type Principal,
  Problem,
  PROTOCOL_VERSION,
  reducePacket,
  screenExportFormatName,
  type ScreenQuery,
} from '@tidings/contracts';
import { auditRead, createFeedHistory, screenExportLines, type FeedLog } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';

export interface Screens {
  /**
   * What the screen of the user showed at that moment. The look is audited.
   * @throws Problem `not-found`; `bad-request` for a `seq` that the feed has not reached
   */
  show(look: Look): Promise<PastScreen>;
  /** The same as the lines of a file, with the entries that prove it. Both ends of the export are audited, the second with its digest. */
  export(look: Look): Promise<{ name: string; lines: AsyncIterable<string> }>;
}

export interface Look {
  by: Principal;
  userId: string;
  query: ScreenQuery;
}

/** Entries that one look folds: some hundred milliseconds of work, in pages. A longer history shows what the last of them tell. */
const mostEntries = 10_000;

type Place = Omit<PastScreen, 'screen' | 'at'>;

export function createScreens(options: { mongo: Mongo; feedLog: FeedLog; maxEntries?: number }): Screens {
  const { mongo, feedLog, maxEntries = mostEntries } = options;
  const history = createFeedHistory(mongo);
  const users = mongo.db.collection<{ _id: string }>('users');

  const locate = async (userId: string, query: ScreenQuery): Promise<Place> => {
    if (!(await users.findOne({ _id: userId }, { projection: { _id: 1 } }))) throw new Problem('not-found', 'There is no such user');
    const feed = feeds.user(userId);
    const epoch = await feedLog.epoch();
    const bounds = await history.bounds(feed);
    const { seq: asked = bounds.head, at } = query;
    if (asked > bounds.head) {
      throw badField('seq', `is past ${bounds.head}, which is how far the feed has got`);
    }
    const seq = at === undefined ? asked : Math.min(asked, await history.seqAt(feed, new Date(at), bounds));
    const from = Math.max(bounds.first, seq - maxEntries + 1);
    return { userId, feed, epoch, from, seq, complete: from === 1 };
  };

  const look = ({ by, userId }: Look, action: string, details: Record<string, string | number>) =>
    auditRead(mongo, by, { action: `user.screen.${action}`, target: `user:${userId}`, details });

  return {
    async show(wanted) {
      const place = await locate(wanted.userId, wanted.query);
      await look(wanted, 'look', { seq: place.seq });
      let screen = emptyScreen;
      let at: Date | undefined;
      for await (const page of history.pages(place.feed, place.from, place.seq)) {
        for (const { packet } of page) screen = reducePacket(screen, packet);
        at = page.at(-1)?.at;
      }
      return { ...place, at: at?.toISOString() ?? null, screen };
    },

    async export(wanted) {
      const place = await locate(wanted.userId, wanted.query);
      await look(wanted, 'export', { seq: place.seq });
      const head = {
        format: screenExportFormatName,
        protocol: PROTOCOL_VERSION,
        ...place,
        exportedAt: new Date().toISOString(),
        exportedBy: wanted.by.userId,
      };
      const lines = async function* (): AsyncGenerator<string> {
        // Whoever has the file can ask the audit log whether it is the one that left this house.
        const { entries, digest } = yield* screenExportLines(head, provingPages(history.pages(place.feed, place.from, place.seq)));
        await look(wanted, 'exported', { seq: place.seq, entries, digest });
      };
      return { name: `screen-${wanted.userId}-${place.seq}.ndjson`, lines: lines() };
    },
  };
}

async function* provingPages(pages: ReturnType<ReturnType<typeof createFeedHistory>['pages']>) {
  for await (const page of pages) yield page.map(({ _id, eventId, at, packet }) => ({ seq: _id.seq, eventId, at, packet }));
}
