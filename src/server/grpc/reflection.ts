// Server reflection, v1 and v1alpha: what grpcurl and the like ask before they can call anything.
// The answers come from the descriptors that the generated code carries.
//
// Source: grpc/doc/server-reflection.md.

import { type DescFile, type DescMessage, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import {
  REFLECTION_SERVICES,
  type ReflectionRequest,
  type ReflectionResponse,
} from '../../protocol/grpc/standard-services.ts'
import type { CallStream, StreamHandler } from './call-stream.ts'
import type { CallHost } from './calls.ts'

const NOT_FOUND = 5
const UNIMPLEMENTED = 12

type Answer = ReflectionResponse['messageResponse']

export class Reflection {
  readonly #services: string[]
  readonly #filesByName = new Map<string, DescFile>()
  /** By the full name of each service, method, message, field and enum. */
  readonly #filesBySymbol = new Map<string, DescFile>()

  /** @param files whose services are listed. Files that they import are found, and not listed */
  constructor(files: readonly DescFile[]) {
    this.#services = files.flatMap((file) => file.services.map(({ typeName }) => typeName)).sort()
    for (const file of files) this.#index(file)
  }

  addTo(calls: CallHost): void {
    for (const { serverReflectionInfo } of REFLECTION_SERVICES) {
      calls.bidi(serverReflectionInfo, ({ stream, api }) => {
        return this.#session(stream, () => api.answered('OK', null))
      })
    }
  }

  /** Answers one question. */
  answer(request: ReflectionRequest): ReflectionResponse {
    return {
      validHost: request.host,
      originalRequest: request,
      messageResponse: this.#find(request.messageRequest),
    }
  }

  #session(
    stream: CallStream<ReflectionRequest, ReflectionResponse>,
    answered: () => void,
  ): StreamHandler<ReflectionRequest> {
    let blocked = false
    return {
      received: (request) => {
        answered()
        const answer = this.answer(request)
        if (stream.send(answer, sizeOf(answer)) || blocked) return
        blocked = true
        stream.hold()
      },
      writable: () => {
        if (blocked) stream.release()
        blocked = false
      },
      halfClosed: () => stream.end(null),
      stop: (reason) => stream.end(reason),
      closed: () => {},
    }
  }

  #find(question: ReflectionRequest['messageRequest']): Answer {
    switch (question.case) {
      case 'listServices':
        return {
          case: 'listServicesResponse',
          value: { service: this.#services.map((name) => ({ name })) },
        }
      case 'fileByFilename':
        return filesOf(this.#filesByName.get(question.value), question.value)
      case 'fileContainingSymbol':
        return filesOf(this.#filesBySymbol.get(question.value), question.value)
      case 'fileContainingExtension':
      case 'allExtensionNumbersOfType':
        return refusal(NOT_FOUND, 'The services have no extensions')
      default:
        return refusal(UNIMPLEMENTED, 'The question is not known')
    }
  }

  #index(file: DescFile): void {
    if (this.#filesByName.has(file.proto.name)) return
    this.#filesByName.set(file.proto.name, file)
    for (const dependency of file.dependencies) this.#index(dependency)
    for (const service of file.services) {
      this.#filesBySymbol.set(service.typeName, file)
      for (const { name } of service.methods) {
        this.#filesBySymbol.set(`${service.typeName}.${name}`, file)
      }
    }
    for (const { typeName } of file.enums) this.#filesBySymbol.set(typeName, file)
    for (const message of file.messages) this.#indexMessage(message, file)
  }

  #indexMessage(message: DescMessage, file: DescFile): void {
    this.#filesBySymbol.set(message.typeName, file)
    for (const { name } of message.fields) {
      this.#filesBySymbol.set(`${message.typeName}.${name}`, file)
    }
    for (const { typeName } of message.nestedEnums) this.#filesBySymbol.set(typeName, file)
    for (const nested of message.nestedMessages) this.#indexMessage(nested, file)
  }
}

/** A file with all that it imports, each once, as the tools want them. */
function filesOf(file: DescFile | undefined, name: string): Answer {
  if (file === undefined) return refusal(NOT_FOUND, `${name} is not known`)
  const files = new Set<DescFile>()
  collect(file, files)
  const fileDescriptorProto = [...files].map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto),
  )
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } }
}

function collect(file: DescFile, into: Set<DescFile>): void {
  if (into.has(file)) return
  into.add(file)
  for (const dependency of file.dependencies) collect(dependency, into)
}

/** What an answer takes on the wire, about. */
function sizeOf({ messageResponse: { case: kind, value } }: ReflectionResponse): number {
  if (kind !== 'fileDescriptorResponse') return 4_096
  return value.fileDescriptorProto.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

function refusal(errorCode: number, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } }
}
