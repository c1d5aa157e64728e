import { examples, extended } from './examples'
import { linkedProject } from './project'
import { describeExtensions, describeLogins } from './scenarios'

for (const example of examples.filter(({ matrixOnly }) => !matrixOnly)) {
  describeLogins(example, (cleanup) => linkedProject(example, cleanup))
}
for (const example of extended) {
  describeExtensions(example, (cleanup) => linkedProject(example, cleanup))
}
