// What a build's polyfill for Node's globals does: each module gets a Buffer, the page does not.
export { Buffer } from 'buffer'
