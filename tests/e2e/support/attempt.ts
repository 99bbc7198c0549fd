/** One bad request: what differs from the valid one. */
export interface Attempt {
  name: string;
  path?: string;
  method?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  /** What the answer must be; 400 unless it says otherwise. */
  statuses?: readonly number[];
}
