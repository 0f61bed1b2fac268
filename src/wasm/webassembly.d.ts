// The little of the WebAssembly interface that this folder uses. TypeScript keeps its declarations
// with those of browsers, which this project leaves out.
// Source: https://www.w3.org/TR/wasm-js-api-2/

declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }

  class Memory {
    /** @param descriptor sizes in pages of 64 KiB */
    constructor(descriptor: { readonly initial: number; readonly maximum: number })
    readonly buffer: ArrayBuffer
  }
}
