// The methods of the ceiling server. Messages are bytes, as they come.

const asIs = (bytes: Buffer): Buffer => bytes
const CODEC = {
  requestSerialize: asIs,
  requestDeserialize: asIs,
  responseSerialize: asIs,
  responseDeserialize: asIs,
}

export const CEILING_METHODS = {
  produce: { path: '/ceiling/Produce', requestStream: true, responseStream: true, ...CODEC },
  echo: { path: '/ceiling/Echo', requestStream: true, responseStream: true, ...CODEC },
  fetch: { path: '/ceiling/Fetch', requestStream: false, responseStream: true, ...CODEC },
} as const
