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
  /**
   * `awake`: the clients never sleep. One that sleeps until it is answered has to be woken by the service's own writes, which costs a
   * slow service more than a fast one. For services that have a core to themselves.
   */
  readonly clients?: 'awake'
  /** Of the service: what it used is read at the same instants as the clock. */
  readonly pid: number
}
