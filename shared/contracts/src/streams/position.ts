/** Feeds of one stream or poll. */
export const maxStreamFeeds = 50;

/** Where a stream stands: a cursor for each of its feeds, in their order, and the history of feeds that they are of. */
export interface Position {
  /** Undefined: taken for the present one. */
  epoch: string | undefined;
  /** Undefined: from the head. */
  cursors: readonly (number | undefined)[];
}

/** `epoch.c1,c2,…`, without the epoch where it is not known; nothing stands for a cursor that there is none of. */
export const positionPattern = new RegExp(`^(?:[A-Za-z0-9_-]{1,64}\\.)?(?:[0-9]{1,15})?(?:,(?:[0-9]{1,15})?){0,${maxStreamFeeds - 1}}$`);

export function formatPosition({ epoch, cursors }: Position): string {
  const numbers = cursors.map((cursor) => cursor ?? '').join(',');
  return epoch === undefined ? numbers : `${epoch}.${numbers}`;
}

/** The text has to fit `positionPattern`. */
export function parsePosition(text: string): Position {
  const dot = text.indexOf('.');
  return {
    epoch: dot === -1 ? undefined : text.slice(0, dot),
    cursors: text
      .slice(dot + 1)
      .split(',')
      .map((number) => (number === '' ? undefined : Number(number))),
  };
}
