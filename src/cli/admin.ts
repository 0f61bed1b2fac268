// An Admin for the time of a command.

import { Admin } from '../client/index.ts'

/** Runs with an Admin that is closed in the end. */
export async function withAdmin<T>(
  { bootstrap }: { readonly bootstrap: readonly string[] },
  action: (admin: Admin) => Promise<T>,
): Promise<T> {
  const admin = new Admin({ bootstrap, clientId: 'sluice-cli' })
  try {
    return await action(admin)
  } finally {
    await admin.close()
  }
}
