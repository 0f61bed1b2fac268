// Who asks.

/** The client behind a request, as a front knows it. */
export interface Caller {
  /** As in "User:alice". "User:ANONYMOUS" where nobody has to say who they are. */
  readonly principal: string
  /** What the client calls itself. Empty when it does not say. */
  readonly clientId: string
  /** Address that the connection came from. */
  readonly host: string
}
