// What a load of requests gives, whichever process made it.

export interface LoadResult {
  /** Answers while the clock ran. */
  readonly answers: number
  readonly seconds: number
  /** Processor seconds of the service in that time, and of its clients. */
  readonly serviceSeconds: number
  readonly clientSeconds: number
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  /** Every answer since the clients started, also while warming up. */
  readonly answered: number
}

export interface LoadPlan {
  /** The clock runs when so many are answered, or so much time has passed: optimising compilers go by counts, not by time. */
  readonly warmUp: { readonly answers: number; readonly atMostSeconds: number }
  readonly seconds: number
  /** Of the service: what it used is read at the same instants as the clock. */
  readonly pid: number
}
