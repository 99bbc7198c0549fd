import type { z } from 'zod';
import type { Role } from './roles.js';

/** One feed that an event goes to; `omit` names fields that this audience must not see. */
export type FeedTarget = string | { feed: string; omit: readonly string[] };

/**
 * Who gets a notification of an event. `user`: that user; `members` / `owners`: of that merchant; `followers`: the
 * users who asked to be told of that feed; `role`: everybody who has it (`everyone`: every user).
 */
export type Recipient = { user: string } | { members: string } | { owners: string } | { followers: string } | { role: Role | 'everyone' };

/**
 * A fact of the catalogue: what it carries (`data`, what clients see), whom it addresses (`to`, ids that routing
 * needs and the payload need not repeat), which feeds that makes, and whom it notifies.
 */
export interface EventDefinition<Type extends string = string, Data extends z.ZodObject = z.ZodObject, To extends z.ZodType = z.ZodType> {
  readonly type: Type;
  readonly summary: string;
  /** Strict: an undeclared field fails where it is emitted. */
  readonly data: Data;
  readonly to: To;
  // Methods, not function properties: so that each definition is also an `EventDefinition` without type arguments.
  feeds(to: z.output<To>): readonly FeedTarget[];
  /** `actor` is the id of the user who caused the event, null for the system. Absent: nobody is notified. */
  notifies?(to: z.output<To>, data: z.output<Data>, actor: string | null): readonly Recipient[];
}

export function defineEvent<const Type extends string, Data extends z.ZodObject, To extends z.ZodType>(
  definition: EventDefinition<Type, Data, To>,
): EventDefinition<Type, Data, To> {
  return definition;
}

/** What a client gets beside the payload's own fields. `id` names the event, `(feed, seq)` its place. */
export interface EventMeta {
  id: string;
  feed: string;
  seq: number;
  /** RFC 3339 UTC: when the event was emitted. */
  at: string;
}
