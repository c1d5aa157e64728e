import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits until a condition holds. Fails with the given message after 20 seconds, or after the given time in
 * milliseconds.
 */
export async function until(
  isSo: () => Promise<boolean> | boolean,
  { patience = 20_000, saying = (): string => 'The condition did not hold in time' } = {},
): Promise<void> {
  const end = Date.now() + patience
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(saying())
    await delay(25)
  }
}
