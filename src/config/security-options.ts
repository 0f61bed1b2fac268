// What may be configured about authentication. Kafka's names, types and defaults where Kafka has the
// option.
//
// Source: apache/kafka, BrokerSecurityConfigs.java, SaslConfigs.java, SocketServerConfigs.java.

import { intOption, longOption, textOption } from './option.ts'

/** What a client may authenticate by. Kerberos (GSSAPI) is not among them. */
export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const

export type SaslMechanismName = (typeof SASL_MECHANISMS)[number]

/** Those whose users are kept in the metadata. */
export type ScramMechanismName = Extract<SaslMechanismName, `SCRAM-${string}`>

function namesOf(text: string): readonly SaslMechanismName[] | null {
  const words = text.split(',').map((word) => word.trim())
  if (words.length === 1 && words[0] === '') return []
  const known = words.flatMap((word) => SASL_MECHANISMS.find((name) => name === word) ?? [])
  return known.length === words.length && new Set(known).size === known.length ? known : null
}

export const SECURITY_OPTIONS = {
  saslEnabledMechanisms: {
    ...textOption('sasl.enabled.mechanisms', {
      default: '',
      allowed: `nothing, or some of ${SASL_MECHANISMS.join(', ')}, separated by commas`,
      doc:
        'How clients of the Kafka listener say who they are. Empty: nobody has to. Other than in ' +
        'Kafka it is empty unless set, and GSSAPI is not offered. Without TLS, PLAIN and OAUTHBEARER ' +
        'send secrets that everybody on the way can read: keep to loopback, or to SCRAM.',
      parse: namesOf,
    }),
    type: 'list' as const,
  },
  saslPlainUsersFile: textOption('sasl.plain.users.file', {
    default: '',
    allowed: 'a path, or nothing',
    doc:
      'File of the users that PLAIN knows: a line "name=password" each, in the form of .properties. ' +
      'It is read when the broker starts.',
    parse: (text) => (text.includes('\0') ? null : text),
  }),
  saslOauthbearerJwksEndpointUrl: textOption('sasl.oauthbearer.jwks.endpoint.url', {
    default: '',
    allowed: 'file:///path, or nothing',
    doc:
      'File of the public keys (JWKS) that tokens of OAUTHBEARER are signed with. It is read again ' +
      'when a token names a key that is not in it. Addresses on a network are not fetched.',
    parse: (text) => (text === '' || /^file:\/\/\/[^\0]+$/.test(text) ? text : null),
  }),
  saslOauthbearerExpectedAudience: textOption('sasl.oauthbearer.expected.audience', {
    default: '',
    allowed: 'names, separated by commas, or nothing',
    doc: 'One of these must be among the audiences (aud) of a token. Empty: any, or none.',
    parse: (text) => text.split(',').flatMap((word) => word.trim() || []),
  }),
  saslOauthbearerExpectedIssuer: textOption('sasl.oauthbearer.expected.issuer', {
    default: '',
    allowed: 'any text',
    doc: 'Who must have issued a token (iss). Empty: anybody whose key is in the file.',
    parse: (text) => text,
  }),
  saslOauthbearerClockSkewSeconds: intOption('sasl.oauthbearer.clock.skew.seconds', {
    default: '30',
    min: 0,
    max: 3_600,
    doc: 'How far the clock of the issuer of tokens may be from the broker’s.',
  }),
  saslOauthbearerSubClaimName: textOption('sasl.oauthbearer.sub.claim.name', {
    default: 'sub',
    allowed: 'the name of a claim',
    doc: 'Claim of a token that names the user.',
    parse: (text) => (text === '' ? null : text),
  }),
  saslServerMaxReceiveSize: intOption('sasl.server.max.receive.size', {
    default: '65536',
    min: 1_024,
    unit: 'bytes',
    doc:
      'Largest request of a client that has yet to say who it is. Kafka takes eight times as much ' +
      'from anybody, for the tickets of Kerberos.',
  }),
  connectionsMaxReauthMs: longOption('connections.max.reauth.ms', {
    default: '0',
    min: 0,
    unit: 'ms',
    doc:
      'Time after which a client must authenticate again, which newer clients do by themselves. 0: ' +
      'never, but when a token runs out.',
  }),
  connectionFailedAuthenticationDelayMs: intOption('connection.failed.authentication.delay.ms', {
    default: '100',
    min: 0,
    max: 10_000,
    unit: 'ms',
    doc: 'How long a client waits to hear that its authentication failed, so that it tries no faster.',
  }),
}
