// Freezes a value in every depth. A Map cannot be frozen, so a policy's maps are of a class that refuses writes.

/** A Map that is complete once it is made. */
export class FrozenMap<Key, Value> extends Map<Key, Value> {
  constructor(entries: Iterable<readonly [Key, Value]>) {
    super()
    for (const [key, value] of entries) super.set(key, value)
  }

  override set(): never {
    throw new PolicyIsFrozen()
  }

  override delete(): never {
    throw new PolicyIsFrozen()
  }

  override clear(): never {
    throw new PolicyIsFrozen()
  }
}

class PolicyIsFrozen extends TypeError {
  constructor() {
    super('a policy does not change while it runs')
  }
}

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  if (value instanceof Map) for (const item of value.values()) deepFreeze(item)
  for (const item of Object.values(value)) deepFreeze(item)
  return value
}
