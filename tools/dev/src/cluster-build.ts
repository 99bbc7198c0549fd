import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const services = ['api', 'event-relay', 'socket-gateway', 'notification-worker'].map((name) => `services/${name}`);

/**
 * Compiles what a cluster runs, when it is older than its source: a test of real processes must not run yesterday's code.
 * @throws Error with the compiler's messages
 */
export async function buildServices(): Promise<void> {
  try {
    await promisify(execFile)('node_modules/.bin/tsc', ['-b', ...services], { cwd: root });
  } catch (error) {
    throw new Error(`The services do not compile:\n${(error as { stdout?: string }).stdout ?? ''}`, { cause: error });
  }
}
