// The client's side of SCRAM, written from RFC 5802 and apart from the broker's, for tests.

import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'

export type ScramHashName = 'sha256' | 'sha512'

export interface ScramLogin {
  readonly hash: ScramHashName
  readonly user: string
  readonly password: string
  readonly nonce: string
  /** Default: "n,,". */
  readonly gs2Header?: string
}

export class ScramClient {
  readonly #login: ScramLogin
  #signature = ''

  constructor(login: ScramLogin) {
    this.#login = login
  }

  first(): Buffer {
    return Buffer.from(`${this.#gs2Header}${this.#bare}`)
  }

  /** @param serverFirst what came back */
  final(serverFirst: Buffer): Buffer {
    const { hash, password } = this.#login
    const said = serverFirst.toString()
    const [, nonce, salt, iterations] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(said)!
    if (!nonce!.startsWith(this.#login.nonce)) throw new Error('the nonce is not ours')
    const sizeBytes = hash === 'sha256' ? 32 : 64
    const bytes = Buffer.from(salt!, 'base64')
    const salted = pbkdf2Sync(password, bytes, Number(iterations), sizeBytes, hash)
    const hmac = (key: Buffer, text: string) => createHmac(hash, key).update(text).digest()
    const clientKey = hmac(salted, 'Client Key')
    const withoutProof = `c=${Buffer.from(this.#gs2Header).toString('base64')},r=${nonce}`
    const all = `${this.#bare},${said},${withoutProof}`
    const signature = hmac(createHash(hash).update(clientKey).digest(), all)
    const proof = clientKey.map((byte, at) => byte ^ signature[at]!)
    this.#signature = hmac(hmac(salted, 'Server Key'), all).toString('base64')
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`)
  }

  /** True when the server has shown that it keeps what belongs to the password. */
  trusts(serverFinal: Buffer): boolean {
    return serverFinal.toString() === `v=${this.#signature}`
  }

  get #gs2Header(): string {
    return this.#login.gs2Header ?? 'n,,'
  }

  get #bare(): string {
    const { user, nonce } = this.#login
    return `n=${user.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  }
}
