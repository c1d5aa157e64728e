// The cost of loading the package, and the memory of an idle application.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { startServer } from './http.mjs'
import { median } from './verification.mjs'

const run = promisify(execFile)

/** @returns median milliseconds of `require`, each in a separate process */
export async function measureRequire(names, runs) {
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let count = 0; count < runs; count++) {
    for (const name of names) {
      const code = `const began = performance.now(); require('${name}'); console.log(performance.now() - began)`
      const { stdout } = await run(process.execPath, ['-e', code])
      times[name].push(Number(stdout))
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(times[name])]))
}

/** @returns median resident megabytes of an idle application with each way to sign in */
export async function measureIdleMemory(contenders, rpcUrl, runs) {
  const sizes = Object.fromEntries(contenders.map((name) => [name, []]))
  for (let count = 0; count < runs; count++) {
    for (const name of contenders) {
      const server = await startServer(name, rpcUrl)
      await new Promise((resolve) => setTimeout(resolve, 500))
      sizes[name].push((await server.ask('start')).residentBytes / 1e6)
      await server.stop()
    }
  }
  return Object.fromEntries(contenders.map((name) => [name, median(sizes[name])]))
}
