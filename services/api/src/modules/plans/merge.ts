import { planFieldNames, type FieldChange, type MergeConflict, type Plan, type PlanChange, type PlanFields } from '@tidings/contracts';

/** What of a plan an administrator sets. */
export function fieldsOf({ name, description, roi, duration, minAmount, maxAmount, currency, capacity, publishAt }: Plan): PlanFields {
  return { name, description: description ?? null, roi, duration, minAmount, maxAmount, currency, capacity, publishAt };
}

/** The fields with what was sent in their place. */
export function overlay(fields: PlanFields, change: PlanChange): PlanFields {
  const sent = Object.entries(change).filter(([, value]) => value !== undefined);
  return { ...fields, ...(Object.fromEntries(sent) as Partial<PlanFields>) };
}

/** Field by field, in the order of the contract. */
export function differences(before: PlanFields, after: PlanFields): FieldChange[] {
  return planFieldNames
    .filter((field) => before[field] !== after[field])
    .map((field) => ({ field, from: before[field], to: after[field] }));
}

export interface Merge {
  /** Of what was sent, what the client has changed and nobody else. */
  taken: PlanChange;
  /** The current fields with that on top; can be sent as it is. */
  proposal: PlanFields;
  conflicts: MergeConflict[];
}

/**
 * Three ways: what the client had read (`base`), what is there now, what the client wants. A field that only one of the two has changed is the one's;
 * one that both changed alike is no conflict. What a form sends along unchanged takes nothing back.
 */
export function mergeThreeWays(base: PlanFields, current: PlanFields, mine: PlanChange): Merge {
  const changed = planFieldNames.filter((field) => mine[field] !== undefined && mine[field] !== base[field]);
  const clashes = changed.filter((field) => current[field] !== base[field] && current[field] !== mine[field]);
  const taken: PlanChange = Object.fromEntries(changed.filter((field) => !clashes.includes(field)).map((field) => [field, mine[field]]));
  return {
    taken,
    proposal: overlay(current, taken),
    conflicts: clashes.map((field) => ({ field, base: base[field], current: current[field], mine: mine[field] })),
  };
}
