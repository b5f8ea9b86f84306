/** Node.js' HTTP, without what `import` of it loads. */

/**
 * `import` reads what a module exports by getters, too. Those of node:http are for WebSocket, and load all of the undici inside of
 * Node.js: some 3 MB a thread, of which nothing is used.
 */
export const http = process.getBuiltinModule("node:http");
