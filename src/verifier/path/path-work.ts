// What judging one certificate may cost, counted in units that no machine's speed changes. A peer chooses the certificates
// it sends, and names, policies and cross-signatures in them can be made to multiply; past a limit nothing more is tried.
//
// RFC 5280 sets no limits. These are far above what honest hierarchies need: the largest public ones stay under ten
// signatures and a hundred names.

export interface PathLimits {
  /** Signatures verified; of a large RSA key one counts for several. */
  readonly signature: number
  /** Candidate issuers looked at while building. */
  readonly candidate: number
  /** Paths up to an anchor that are judged. */
  readonly path: number
  /** Look-ups of a name, or of a part of it, among constraints. */
  readonly constraint: number
  /** Policies, mappings and edges of the policy graph. */
  readonly policy: number
}

export type WorkUnit = keyof PathLimits

export const PATH_LIMITS: PathLimits = {
  signature: 100,
  candidate: 5_000,
  path: 50,
  constraint: 250_000,
  policy: 50_000,
}

/** Most CA certificates between leaf and anchor, self-issued ones included. */
export const MAX_INTERMEDIATES = 12

/** Leaves the middle of a computation; `withinLimits` (validate-path.ts) turns it into a refusal, and nobody else sees it. */
export class WorkExceeded extends Error {
  readonly unit: WorkUnit

  constructor(unit: WorkUnit) {
    super(unit)
    this.unit = unit
  }
}

export class PathWork {
  readonly #limits: PathLimits
  readonly #spent: Record<WorkUnit, number> = { signature: 0, candidate: 0, path: 0, constraint: 0, policy: 0 }

  constructor(limits: PathLimits = PATH_LIMITS) {
    this.#limits = limits
  }

  get spent(): PathLimits {
    return { ...this.#spent }
  }

  /** Throws `WorkExceeded`. */
  spend(unit: WorkUnit, amount = 1): void {
    this.#spent[unit] += amount
    if (this.#spent[unit] > this.#limits[unit]) throw new WorkExceeded(unit)
  }
}
