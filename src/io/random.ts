// The door to chance.

export interface RandomSource {
  /** `count` bytes that nobody can foresee. */
  bytes(count: number): Buffer

  /** A whole number in [0, bound). @param bound 1 to 2^32 */
  below(bound: number): number
}
