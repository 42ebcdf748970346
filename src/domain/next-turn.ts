/**
 * Resolves in the next turn of the event loop. Work that is cut into stages by it is done stage by stage for everything that
 * is under way, and not piece by piece: code and tables of one stage stay in the processor's caches, and what arrives in the
 * meantime joins in.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.length === 0) setImmediate(goOn)
    waiting.push(resolve)
  })
}

let waiting: (() => void)[] = []

function goOn(): void {
  const all = waiting
  waiting = []
  for (const resolve of all) resolve()
}
