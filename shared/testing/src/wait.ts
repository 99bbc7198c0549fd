/** Ten times what anything should take, so that a slow machine is no failure. `npm run break` waits for what does not come, and says how long. */
export const patienceMs = Number(process.env['TEST_PATIENCE_MS'] || 30_000);

/**
 * Waits until `probe` gives something other than undefined, null or false.
 * @throws Error that says what was waited for, after `timeoutMs`
 */
export async function waitFor<T>(what: string, probe: () => Promise<T> | T, timeoutMs = patienceMs): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
