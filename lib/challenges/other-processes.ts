let hasChecked = false

/**
 * Warns once when challenges are kept in sessions and this process is one of several (`node:cluster`, PM2): each process could
 * accept the same challenge.
 */
export function warnAboutOtherProcesses(): void {
  if (hasChecked) return
  hasChecked = true
  if (!isOneOfSeveral()) return
  process.emitWarning(
    'Challenges are kept in sessions, and this process is one of several: a login that is sent to two processes at the same moment can be accepted by both. Use a store that all processes share, such as RedisChallengeStore.',
    { type: 'PassportNearWarning', code: 'PASSPORT_NEAR_SEVERAL_PROCESSES' },
  )
}

/** Loads `node:cluster` here, because applications without sessions do not need it. */
function isOneOfSeveral(): boolean {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- import() is asynchronous
  const cluster = require('node:cluster') as typeof import('node:cluster').default
  return cluster.isWorker || process.env.NODE_APP_INSTANCE !== undefined
}
