import { inject } from 'vitest'
import { describeLogins } from '../frameworks/scenarios'
import { examples } from '../frameworks/examples'
import { Cleanup } from '../support/app'
import { afterAll } from 'vitest'
import { consumer, NODE_VERSIONS } from './consumer'

const cleanup = new Cleanup()
afterAll(() => cleanup.run())

for (const example of examples) {
  let made: Promise<string> | undefined
  const project = (): Promise<string> => {
    const packages = Object.entries(example.packages).map(([name, version]) => `${name}@${version}`)
    made ??= consumer(inject('tarball'), packages, example.files(), cleanup)
    return made
  }
  for (const version of NODE_VERSIONS) {
    describeLogins(example, project, {
      title: `${example.name} on Node ${version}`,
      node: () => inject('nodes')[version]!,
    })
  }
}
