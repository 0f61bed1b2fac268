// Why a codec gave up. src/wasm/core-error.ts turns these into errors.

/** The bytes contradict themselves or end too early. */
export const CORRUPT: i32 = -1;

/** The result would be larger than the room given for it. */
export const LIMIT: i32 = -2;

/** Well formed, but of a kind that Kafka's clients never use and this core does not read. */
export const UNSUPPORTED: i32 = -3;
