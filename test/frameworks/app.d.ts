import type { AddressInfo, Server } from 'node:net'

export function createApp(options: { rpc: string }): {
  listen(port: number): Omit<Server, 'address'> & { address(): AddressInfo }
}
