export * from './public-values.js'
export { NearStrategy as default } from './public-values.js'
export type * from './public-types.js'
