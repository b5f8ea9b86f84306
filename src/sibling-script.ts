/** Where the script of a thread is: beside the source while that runs, and built where that was built. */

/**
 * @param path such as `./thread.ts`
 * @param from `import.meta.url` of whoever starts the thread
 */
export function siblingScript(path: string, from: string): URL {
  return new URL(from.endsWith(".ts") ? path : path.replace(/\.ts$/, ".js"), from);
}
