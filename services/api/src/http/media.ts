/** An answer that is not a resource as JSON: an image, a file. The route names its types in `media`. */
export class Media {
  constructor(
    readonly type: string,
    readonly body: Buffer | string,
    /** Beside the usual ones; they win over those. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {}
}
