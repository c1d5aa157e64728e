import cluster from 'node:cluster'

let hasWarned = false

/**
 * Warns once when challenges are kept in sessions and this process is one of several (`node:cluster`, PM2): each process could
 * accept the same challenge.
 */
export function warnAboutOtherProcesses(): void {
  if (hasWarned || !(cluster.isWorker || process.env.NODE_APP_INSTANCE !== undefined)) return
  hasWarned = true
  process.emitWarning(
    'Challenges are kept in sessions, and this process is one of several: a login that is sent to two processes at the same moment can be accepted by both. Use a store that all processes share, such as RedisChallengeStore.',
    { type: 'PassportNearWarning', code: 'PASSPORT_NEAR_SEVERAL_PROCESSES' },
  )
}
