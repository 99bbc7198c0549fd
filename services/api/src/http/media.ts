/** An answer that is not a resource as JSON: an image, a file. The route names its types in `media`. */
export class Media {
  constructor(
    readonly type: string,
    /** Lines are streamed: an error on the way ends the connection, so that no client takes a part for the whole. */
    readonly body: Buffer | string | AsyncIterable<string | Uint8Array>,
    /** Beside the usual ones; they win over those. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}
