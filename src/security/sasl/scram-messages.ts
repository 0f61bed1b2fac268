// Messages of SCRAM.
//
//   client first   n,[a=authorization id],n=user,r=nonce[,extensions]
//                  `- gs2 header -------'`- bare ------------------'
//   server first   r=nonce of both,s=base64 of the salt,i=iterations
//   client final   c=base64 of the gs2 header,r=nonce of both[,extensions],p=base64 of the proof
//                  `- without proof --------------------------------'
//   server final   v=base64 of the server's signature
//
// Names are UTF-8, with =2C for a comma and =3D for an equals sign.
//
// Source: RFC 5802 section 7.

/** Longest user name and nonce, in bytes. */
const MAX_BYTES = 1_024

export interface ClientFirst {
  readonly gs2Header: string
  readonly bare: string
  readonly user: string
  /** Empty when the client gives none. */
  readonly authorizationId: string
  readonly nonce: string
}

export interface ClientFinal {
  readonly channelBinding: string
  readonly nonce: string
  readonly withoutProof: string
  readonly proof: Buffer
}

const NAME = '((?:[^,=]|=2C|=3D)+)'
const NONCE = '([\\x21-\\x2b\\x2d-\\x7e]+)'
const EXTENSIONS = '(?:,[A-Za-z]=[^,]*)*'
const BASE64 = '((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)'

// Channel binding ("p=…") and mandatory extensions ("m=…") are asked for by no client of Kafka.
const CLIENT_FIRST = new RegExp(`^([ny],(?:a=${NAME})?,)(n=${NAME},r=${NONCE}${EXTENSIONS})$`)
const CLIENT_FINAL = new RegExp(`^(c=${BASE64},r=${NONCE}${EXTENSIONS}),p=${BASE64}$`)

/** @returns null when the bytes are no such message */
export function parseClientFirst(token: Buffer): ClientFirst | null {
  if (token.byteLength > 4 * MAX_BYTES) return null
  const match = CLIENT_FIRST.exec(token.toString('utf8'))
  if (match === null) return null
  const [, gs2Header, authorizationId = '', bare, name, nonce] = match
  const user = unescaped(name!)
  if (Buffer.byteLength(user) > MAX_BYTES || nonce!.length > MAX_BYTES) return null
  return {
    gs2Header: gs2Header!,
    bare: bare!,
    user,
    authorizationId: unescaped(authorizationId),
    nonce: nonce!,
  }
}

/** @returns null when the bytes are no such message */
export function parseClientFinal(token: Buffer): ClientFinal | null {
  if (token.byteLength > 8 * MAX_BYTES) return null
  const match = CLIENT_FINAL.exec(token.toString('utf8'))
  if (match === null) return null
  const [, withoutProof, channelBinding, nonce, proof] = match
  return {
    channelBinding: Buffer.from(channelBinding!, 'base64').toString('utf8'),
    nonce: nonce!,
    withoutProof: withoutProof!,
    proof: Buffer.from(proof!, 'base64'),
  }
}

export function serverFirst(nonce: string, salt: Buffer, iterations: number): string {
  return `r=${nonce},s=${salt.toString('base64')},i=${iterations}`
}

export function serverFinal(signature: Buffer): string {
  return `v=${signature.toString('base64')}`
}

function unescaped(name: string): string {
  return name.replaceAll('=2C', ',').replaceAll('=3D', '=')
}
