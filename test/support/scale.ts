/** Whether the scale tests run in full (`npm run scale`) or scaled down, as in `npm test`. */
export const isFullScale = process.env.SCALE === 'full'

/** The whole number, or a smaller one in scaled-down tests. */
export const scaled = (full: number, small: number): number => (isFullScale ? full : small)
