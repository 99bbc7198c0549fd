/** The filter for a time: `from` is included, `to` is not. */
export function within(
  field: string,
  { from, to }: { from?: string | undefined; to?: string | undefined },
): Record<string, { $gte?: Date; $lt?: Date }> {
  if (from === undefined && to === undefined) return {};
  return { [field]: { ...(from ? { $gte: new Date(from) } : {}), ...(to ? { $lt: new Date(to) } : {}) } };
}
