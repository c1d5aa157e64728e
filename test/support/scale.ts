/** Whether the proofs run in full (`npm run scale`) or scaled down, as with all the other tests. */
export const isFullScale = process.env.SCALE === 'full'

/** The whole number, or a smaller one where the proofs are scaled down. */
export const scaled = (full: number, small: number): number => (isFullScale ? full : small)
