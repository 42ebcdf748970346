// Bases that are compared part by part from one end: labels of a host from the right, RDNs of a directory name from the
// left. A look-up walks as many parts as are in the tree, which no number of bases makes longer.

/** What a base holds: exactly itself, what is longer, or both. */
export type Reach = 'exact' | 'longer' | 'both'

interface Node {
  readonly children: Map<string, Node>
  exact: boolean
  longer: boolean
  /** Some child is itself held: a wildcard in its place covers that. */
  holdsChild: boolean
}

export class PrefixTree {
  readonly #root: Node = makeNode()

  add(parts: readonly string[], reach: Reach): void {
    let node = this.#root
    let parent: Node | undefined
    for (const part of parts) {
      parent = node
      node = childOf(node, part)
    }
    node.exact ||= reach !== 'longer'
    node.longer ||= reach !== 'exact'
    if (parent !== undefined && reach !== 'longer') parent.holdsChild = true
  }

  /** Whether some base holds these parts. `onLookup` is told of each part that is looked up. */
  holds(parts: readonly string[], onLookup: () => void): boolean {
    let node = this.#root
    for (const part of parts) {
      if (node.longer) return true
      onLookup()
      const child = node.children.get(part)
      if (child === undefined) return false
      node = child
    }
    return node.exact
  }

  /** Whether some base is exactly these parts and one more. */
  holdsBelow(parts: readonly string[], onLookup: () => void): boolean {
    let node: Node | undefined = this.#root
    for (const part of parts) {
      onLookup()
      node = node.children.get(part)
      if (node === undefined) return false
    }
    return node.holdsChild
  }
}

function makeNode(): Node {
  return { children: new Map(), exact: false, longer: false, holdsChild: false }
}

function childOf(node: Node, part: string): Node {
  const known = node.children.get(part)
  if (known !== undefined) return known
  const made = makeNode()
  node.children.set(part, made)
  return made
}
