// The Go toolchain, with everything that it downloads and compiles under build/.

import { join } from 'node:path'
import { isInstalled, ROOT } from './commands.ts'

export const GO_ENV: Readonly<Record<string, string>> = {
  GOPATH: join(ROOT, 'build/go'),
  GOCACHE: join(ROOT, 'build/go/cache'),
  GOBIN: join(ROOT, 'build/go/bin'),
  // Modules are not written read-only, so that build/ can be deleted.
  GOFLAGS: '-modcacherw -buildvcs=false',
}

/** Why there is no Go to use; null when there is. */
export function goMissing(): string | null {
  return isInstalled('go', 'version') ? null : 'there is no go'
}
