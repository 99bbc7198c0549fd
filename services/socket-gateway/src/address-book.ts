import { Problem } from '@tidings/contracts';

/** How many connections each address has that show no login: nobody else could be asked to leave. */
export class AddressBook {
  readonly #counts = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** @throws Problem `rate-limited` */
  enter(address: string): void {
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.most) throw new Problem('rate-limited', `At most ${this.most} streams from one address`, { retryAfterSeconds: 30 });
    this.#counts.set(address, count + 1);
  }

  leave(address: string): void {
    const count = (this.#counts.get(address) ?? 0) - 1;
    if (count > 0) this.#counts.set(address, count);
    else this.#counts.delete(address);
  }
}
