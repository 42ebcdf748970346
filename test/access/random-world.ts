// Worlds and questions by chance, from one number: the same number gives the same case. A case begins with a world in which
// all is well and a question that one of the rules allows; then a few things are spoilt, so that single faults, pairs of
// faults and their order are all common.
import type { PlainQuestion, PlainWorld } from './second-opinion.ts'
import { seededChance } from './seeded-random.ts'
import { STARTS, wellWorld } from './well-world.ts'
import { faultsFor } from './world-faults.ts'

export interface Case {
  readonly world: PlainWorld
  readonly question: PlainQuestion
}

/** How many faults: few are common, none and many are not rare. */
const HOW_MANY = [0, 1, 1, 1, 1, 2, 2, 3, 4]

export function randomCase(seed: number): Case {
  const chance = seededChance(seed)
  const world = wellWorld(chance)
  const made = { world, question: chance.pick(STARTS)(chance, world) }
  for (let faults = chance.pick(HOW_MANY); faults > 0; faults--) {
    chance.pick(chance.pick(faultsFor(made.question)))(made, chance)
  }
  return made
}
