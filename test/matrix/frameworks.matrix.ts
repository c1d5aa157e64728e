import { inject } from 'vitest'
import { describeLogins } from '../frameworks/scenarios'
import { recipes } from '../frameworks/recipes'
import { Cleanup } from '../support/app'
import { afterAll } from 'vitest'
import { consumer, NODE_VERSIONS } from './consumer'

const cleanup = new Cleanup()
afterAll(() => cleanup.run())

for (const recipe of recipes) {
  let made: Promise<string> | undefined
  const project = (): Promise<string> => {
    const packages = Object.entries(recipe.packages).map(([name, version]) => `${name}@${version}`)
    made ??= consumer(inject('tarball'), packages, recipe.files(), cleanup)
    return made
  }
  for (const version of NODE_VERSIONS) {
    describeLogins(recipe, project, {
      title: `${recipe.name} on Node ${version}`,
      node: () => inject('nodes')[version]!,
    })
  }
}
