// The cost that `import 'passport-near'` adds to an application with Passport: medians of 20 processes each,
// which take turns. Runs on the built package. Fails above 30 ms, or if near-api-js is loaded. Other
// programs on the machine add to the elapsed time, so the processor time is measured as well: the test fails
// only if both are above the limit.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const RUNS = 20
const LIMIT = 30

const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b)
  return (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2
}

async function timeImport(name) {
  const code = `
    const began = performance.now(), before = process.cpuUsage()
    await import('${name}')
    const elapsed = performance.now() - began, { user, system } = process.cpuUsage(before)
    console.log(JSON.stringify({ elapsed, processor: (user + system) / 1000 }))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', code])
  return JSON.parse(stdout)
}

/** Every loaded file: from the loader of ES modules, and from the loader of CommonJS. */
async function loadedFiles(name) {
  const hooks = `export async function load(url, context, next) { process._rawDebug(url); return next(url, context) }`
  const code = `
    import { createRequire, register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hooks)}))
    await import('${name}')
    for (const file of Object.keys(createRequire(process.cwd() + '/').cache)) process._rawDebug(file)`
  const { stderr } = await run(process.execPath, ['--input-type=module', '--no-warnings', '-e', code])
  return stderr.split('\n')
}

const times = { passport: [], 'passport-near': [] }
for (let count = 0; count < RUNS; count++) {
  for (const name of Object.keys(times)) times[name].push(await timeImport(name))
}
const difference = (measure) => {
  const [passport, near] = Object.values(times).map((each) => median(each.map((time) => time[measure])))
  console.log(
    `${measure.padEnd(9)}  passport ${passport.toFixed(1)} ms, passport-near ${near.toFixed(1)} ms: ${(near - passport).toFixed(1)} ms more`,
  )
  return near - passport
}
const more = Math.min(difference('elapsed'), difference('processor'))
const files = await loadedFiles('passport-near')
const unwanted = files.filter((file) => /near-api-js|@noble|@scure/.test(file))
console.log(`near-api-js loaded: ${unwanted.length > 0 ? unwanted.join(' ') : 'no'}`)
if (!files.some((file) => file.includes('dist/index.js')))
  throw new Error('The strategy was not seen to be loaded')
if (more > LIMIT || unwanted.length > 0) process.exitCode = 1
