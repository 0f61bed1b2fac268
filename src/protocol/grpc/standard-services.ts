// The two services that gRPC's tools expect of every server, described here so that no .proto file
// has to lie beside the program: health checking and reflection.
//
// Sources: grpc/doc/health-checking.md, grpc/doc/server-reflection.md, for names and field numbers.

import {
  create,
  createFileRegistry,
  type DescFile,
  type DescService,
  type MessageInitShape,
} from '@bufbuild/protobuf'
import {
  type DescriptorProtoSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  type FileDescriptorProto,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_duration,
} from '@bufbuild/protobuf/wkt'
import type { MethodDefinition } from '@grpc/grpc-js'
import { defineMethod, type MessageFormat, plain, plainRequest } from './services.ts'

/** Values of HealthCheckResponse.ServingStatus. */
export const SERVING_STATUS = {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
} as const

interface Field {
  readonly name: string
  readonly number: number
  readonly type: Type
  /** Full name of a message or an enum. */
  readonly typeName?: string
  readonly repeated?: true
  /** Member of the message's only oneof. */
  readonly choice?: true
}

type MessageInit = MessageInitShape<typeof DescriptorProtoSchema>

function messageOf(name: string, fields: readonly Field[], more: object = {}): MessageInit {
  return {
    name,
    field: fields.map(({ name: fieldName, number, type, typeName, repeated, choice }) => ({
      name: fieldName,
      number,
      type,
      label: repeated ? Label.REPEATED : Label.OPTIONAL,
      ...(typeName === undefined ? {} : { typeName: `.${typeName}` }),
      ...(choice ? { oneofIndex: 0 } : {}),
    })),
    ...more,
  }
}

/** Describes a file, so that its messages can be read and written, and reflected. */
function describe(file: FileDescriptorProto): DescFile {
  const duration = file_google_protobuf_duration.proto
  const set = create(FileDescriptorSetSchema, { file: [duration, file] })
  const registry = createFileRegistry(set)
  return registry.getFile(file.name)!
}

const HEALTH = 'grpc.health.v1'

function healthFile(): FileDescriptorProto {
  const status: Field = {
    name: 'status',
    number: 1,
    type: Type.ENUM,
    typeName: `${HEALTH}.HealthCheckResponse.ServingStatus`,
  }
  const value = Object.entries(SERVING_STATUS).map(([name, number]) => ({ name, number }))
  const entry = messageOf(
    'StatusesEntry',
    [
      { name: 'key', number: 1, type: Type.STRING },
      { name: 'value', number: 2, type: Type.MESSAGE, typeName: `${HEALTH}.HealthCheckResponse` },
    ],
    { options: { mapEntry: true } },
  )
  const statuses: Field = {
    name: 'statuses',
    number: 1,
    type: Type.MESSAGE,
    typeName: `${HEALTH}.HealthListResponse.StatusesEntry`,
    repeated: true,
  }
  const method = (name: string, input: string, output: string, serverStreaming = false) => {
    return {
      name,
      inputType: `.${HEALTH}.${input}`,
      outputType: `.${HEALTH}.${output}`,
      serverStreaming,
    }
  }
  return create(FileDescriptorProtoSchema, {
    name: 'grpc/health/v1/health.proto',
    package: HEALTH,
    syntax: 'proto3',
    messageType: [
      messageOf('HealthCheckRequest', [{ name: 'service', number: 1, type: Type.STRING }]),
      messageOf('HealthCheckResponse', [status], { enumType: [{ name: 'ServingStatus', value }] }),
      messageOf('HealthListRequest', []),
      messageOf('HealthListResponse', [statuses], { nestedType: [entry] }),
    ],
    service: [
      {
        name: 'Health',
        method: [
          method('Check', 'HealthCheckRequest', 'HealthCheckResponse'),
          method('List', 'HealthListRequest', 'HealthListResponse'),
          method('Watch', 'HealthCheckRequest', 'HealthCheckResponse', true),
        ],
      },
    ],
  })
}

/** @param name package of the service: v1 and v1alpha are the same but for it */
function reflectionFile(name: string): FileDescriptorProto {
  const string = (field: string, number: number, choice?: true): Field => {
    return { name: field, number, type: Type.STRING, ...(choice ? { choice } : {}) }
  }
  const message = (field: string, number: number, of: string, more: Partial<Field> = {}): Field => {
    return { name: field, number, type: Type.MESSAGE, typeName: `${name}.${of}`, ...more }
  }
  const choice = { choice: true } as const
  const repeated = { repeated: true } as const
  return create(FileDescriptorProtoSchema, {
    name: `${name.replaceAll('.', '/')}/reflection.proto`,
    package: name,
    syntax: 'proto3',
    messageType: [
      messageOf(
        'ServerReflectionRequest',
        [
          string('host', 1),
          string('file_by_filename', 3, true),
          string('file_containing_symbol', 4, true),
          message('file_containing_extension', 5, 'ExtensionRequest', choice),
          string('all_extension_numbers_of_type', 6, true),
          string('list_services', 7, true),
        ],
        { oneofDecl: [{ name: 'message_request' }] },
      ),
      messageOf('ExtensionRequest', [
        string('containing_type', 1),
        { name: 'extension_number', number: 2, type: Type.INT32 },
      ]),
      messageOf(
        'ServerReflectionResponse',
        [
          string('valid_host', 1),
          message('original_request', 2, 'ServerReflectionRequest'),
          message('file_descriptor_response', 4, 'FileDescriptorResponse', choice),
          message('all_extension_numbers_response', 5, 'ExtensionNumberResponse', choice),
          message('list_services_response', 6, 'ListServiceResponse', choice),
          message('error_response', 7, 'ErrorResponse', choice),
        ],
        { oneofDecl: [{ name: 'message_response' }] },
      ),
      messageOf('FileDescriptorResponse', [
        { name: 'file_descriptor_proto', number: 1, type: Type.BYTES, repeated: true },
      ]),
      messageOf('ExtensionNumberResponse', [
        string('base_type_name', 1),
        { name: 'extension_number', number: 2, type: Type.INT32, repeated: true },
      ]),
      messageOf('ListServiceResponse', [message('service', 1, 'ServiceResponse', repeated)]),
      messageOf('ServiceResponse', [string('name', 1)]),
      messageOf('ErrorResponse', [
        { name: 'error_code', number: 1, type: Type.INT32 },
        string('error_message', 2),
      ]),
    ],
    service: [
      {
        name: 'ServerReflection',
        method: [
          {
            name: 'ServerReflectionInfo',
            inputType: `.${name}.ServerReflectionRequest`,
            outputType: `.${name}.ServerReflectionResponse`,
            clientStreaming: true,
            serverStreaming: true,
          },
        ],
      },
    ],
  })
}

/** What the details of our errors are made of, so that tools can show them: see status-details.ts. */
function errorDetailsFile(): FileDescriptorProto {
  const string = { type: Type.STRING } as const
  const entry = messageOf(
    'MetadataEntry',
    [
      { name: 'key', number: 1, ...string },
      { name: 'value', number: 2, ...string },
    ],
    { options: { mapEntry: true } },
  )
  const metadata: Field = {
    name: 'metadata',
    number: 3,
    type: Type.MESSAGE,
    typeName: 'google.rpc.ErrorInfo.MetadataEntry',
    repeated: true,
  }
  const delay: Field = {
    name: 'retry_delay',
    number: 1,
    type: Type.MESSAGE,
    typeName: 'google.protobuf.Duration',
  }
  return create(FileDescriptorProtoSchema, {
    name: 'google/rpc/error_details.proto',
    package: 'google.rpc',
    syntax: 'proto3',
    dependency: [file_google_protobuf_duration.proto.name],
    messageType: [
      messageOf(
        'ErrorInfo',
        [
          { name: 'reason', number: 1, ...string },
          { name: 'domain', number: 2, ...string },
          metadata,
        ],
        { nestedType: [entry] },
      ),
      messageOf('RetryInfo', [delay]),
    ],
  })
}

export const ERROR_DETAILS_FILE = describe(errorDetailsFile())
export const HEALTH_FILE = describe(healthFile())
export const REFLECTION_FILES = ['grpc.reflection.v1', 'grpc.reflection.v1alpha'].map((name) => {
  return describe(reflectionFile(name))
})

export interface HealthCheckRequest {
  readonly service: string
}

export interface HealthCheckResponse {
  readonly status: number
}

export interface HealthListResponse {
  readonly statuses: Readonly<Record<string, HealthCheckResponse>>
}

export interface ReflectionRequest {
  readonly host: string
  readonly messageRequest:
    | { readonly case: 'fileByFilename' | 'fileContainingSymbol'; readonly value: string }
    | { readonly case: 'allExtensionNumbersOfType' | 'listServices'; readonly value: string }
    | { readonly case: 'fileContainingExtension'; readonly value: object }
    | { readonly case: undefined; readonly value?: undefined }
}

export interface ReflectionResponse {
  readonly validHost: string
  readonly originalRequest: ReflectionRequest
  readonly messageResponse:
    | {
        readonly case: 'fileDescriptorResponse'
        readonly value: { readonly fileDescriptorProto: readonly Uint8Array[] }
      }
    | {
        readonly case: 'listServicesResponse'
        readonly value: { readonly service: readonly { readonly name: string }[] }
      }
    | {
        readonly case: 'errorResponse'
        readonly value: { readonly errorCode: number; readonly errorMessage: string }
      }
}

/** A method of a service that was described here. The caller names the shapes of its messages. */
function methodOf<I, O>(service: DescService, localName: string): MethodDefinition<I, O> {
  const desc = service.methods.find((method) => method.localName === localName)!
  const input = plainRequest(desc.input)
  const output = plain(desc.output)
  return defineMethod(
    desc,
    {
      ...input,
      serialize: (value: I) => input.serialize(create(desc.input, value as never)),
    } as MessageFormat<I>,
    {
      ...output,
      serialize: (value: O) => output.serialize(create(desc.output, value as never)),
    } as MessageFormat<O>,
  )
}

const health = HEALTH_FILE.services[0]!

export const HEALTH_SERVICE = {
  check: methodOf<HealthCheckRequest, HealthCheckResponse>(health, 'check'),
  list: methodOf<object, HealthListResponse>(health, 'list'),
  watch: methodOf<HealthCheckRequest, HealthCheckResponse>(health, 'watch'),
} as const

/** Of v1 and of v1alpha, in this order. */
export const REFLECTION_SERVICES = REFLECTION_FILES.map((file) => ({
  serverReflectionInfo: methodOf<ReflectionRequest, ReflectionResponse>(
    file.services[0]!,
    'serverReflectionInfo',
  ),
}))
