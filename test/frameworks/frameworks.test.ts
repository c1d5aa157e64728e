import { linkedProject } from './project'
import { recipes } from './recipes'
import { describeLogins } from './scenarios'

for (const recipe of recipes.filter(({ matrixOnly }) => !matrixOnly)) {
  describeLogins(recipe, (cleanup) => linkedProject(recipe, cleanup))
}
