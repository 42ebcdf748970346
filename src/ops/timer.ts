// Waiting, passed in like the clock: a test lets the time pass when it likes.

export interface Timer {
  /** Calls `callback` once after `milliseconds`; the function given back cancels it. */
  schedule(milliseconds: number, callback: () => void): () => void
}

export const systemTimer: Timer = {
  schedule: (milliseconds, callback) => {
    const timeout = setTimeout(callback, milliseconds)
    return () => clearTimeout(timeout)
  },
}
