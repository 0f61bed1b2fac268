// What a broker's options say about authentication, as the mechanisms that it offers.

import { fileURLToPath } from 'node:url'
import type { CredentialService } from '../broker/admin/credential-service.ts'
import type { BrokerConfig } from '../config/broker-config.ts'
import { ConfigError } from '../config/config-error.ts'
import { parseProperties } from '../config/properties-file.ts'
import type { SaslMechanismName } from '../config/security-options.ts'
import type { Clock } from '../io/clock.ts'
import { readWholeFile, type FileSystem } from '../io/file-system.ts'
import type { RandomSource } from '../io/random.ts'
import type { Logger } from '../observability/logger.ts'
import { GuessLimiter } from '../security/guess-limiter.ts'
import { KeyFile } from '../security/jwt/key-file.ts'
import { SaslServer } from '../security/sasl-server.ts'
import type { SaslMechanism } from '../security/sasl/exchange.ts'
import { OauthBearerMechanism } from '../security/sasl/oauth-bearer.ts'
import { PlainMechanism } from '../security/sasl/plain.ts'
import { ScramMechanism } from '../security/sasl/scram.ts'

export interface SaslParts {
  readonly config: BrokerConfig
  readonly files: FileSystem
  readonly clock: Clock
  readonly random: RandomSource
  readonly logger: Logger
  readonly credentials: CredentialService
}

const KEY_BYTES = 32
const NONCE_BYTES = 24

/** @throws ConfigError when a file that an option names is not there, or is not what it should be */
export function saslServerOf(parts: SaslParts): SaslServer {
  const { config, clock, random } = parts
  const { values } = config
  const shared = { guesses: new GuessLimiter(clock), key: random.bytes(KEY_BYTES) }
  const mechanisms = values.saslEnabledMechanisms.map((name) => {
    return [name, mechanismOf(name, parts, shared)] as const
  })
  return new SaslServer({
    clock,
    mechanisms: new Map(mechanisms),
    maxReauthMs: values.connectionsMaxReauthMs,
    failedDelayMs: values.connectionFailedAuthenticationDelayMs,
  })
}

function mechanismOf(
  name: SaslMechanismName,
  parts: SaslParts,
  shared: { readonly guesses: GuessLimiter; readonly key: Buffer },
): SaslMechanism {
  switch (name) {
    case 'PLAIN':
      return new PlainMechanism({ ...shared, users: plainUsers(parts) })
    case 'OAUTHBEARER':
      return oauthBearer(parts)
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512': {
      const { credentials, random } = parts
      const credentialOf = (user: string) => credentials.credentialOf(name, user)
      // Base64 has no comma.
      const newNonce = (): string => random.bytes(NONCE_BYTES).toString('base64')
      return new ScramMechanism({ ...shared, mechanism: name, newNonce, credentialOf })
    }
  }
}

function plainUsers(parts: SaslParts): ReadonlyMap<string, string> {
  const path = parts.config.values.saslPlainUsersFile
  return fromFile(parts, 'sasl.plain.users.file', path, parseProperties)
}

function oauthBearer(parts: SaslParts): SaslMechanism {
  const { clock, logger, config } = parts
  const { values } = config
  const path = fileURLToPath(values.saslOauthbearerJwksEndpointUrl)
  const read = (): string => readWholeFile(parts.files, path).toString('utf8')
  const option = 'sasl.oauthbearer.jwks.endpoint.url'
  const keys = fromFile(parts, option, path, () => new KeyFile(read, clock, logger))
  return new OauthBearerMechanism({
    now: () => clock.now(),
    rules: {
      keys: (algorithm, id) => keys.find(algorithm, id),
      issuer: values.saslOauthbearerExpectedIssuer,
      audiences: values.saslOauthbearerExpectedAudience,
      clockSkewMs: values.saslOauthbearerClockSkewSeconds * 1_000,
      userClaim: values.saslOauthbearerSubClaimName,
    },
  })
}

/** @throws ConfigError that names the option and the file */
function fromFile<T>(
  { files, config }: SaslParts,
  option: string,
  path: string,
  parse: (text: string) => T,
): T {
  try {
    return parse(readWholeFile(files, path).toString('utf8'))
  } catch (error) {
    const { message } = error as Error
    const origin = config.given.get(option)?.origin ?? null
    throw new ConfigError([{ name: option, value: path, origin, text: `${message}.` }])
  }
}
