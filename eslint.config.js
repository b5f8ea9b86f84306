import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** The middle of the data flow is pure: it may not reach the network, files or a metrics library. */
const edges =
  "^(node:)?(https?|http2|fs|fs/promises|net|tls|dns|dgram|child_process|worker_threads)$|^(undici|fastify|prom-client|pino|@opentelemetry)(/|$)";

export default defineConfig(
  // AssemblyScript looks like TypeScript, but its types are others.
  { ignores: ["dist/", "node_modules/", "src/wasm/assembly/"] },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ["*.js", "src/server/assets/*.js", "test/support/*.mjs"] },
      },
    },
    rules: {
      // Typed arrays are read by index on every line of the hot path; the type checker already demands the `!`.
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
    },
  },
  { files: ["test/support/*.mjs"], extends: [tseslint.configs.disableTypeChecked] },
  {
    // What runs in a browser is JavaScript as it is sent.
    files: ["src/server/assets/*.js"],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: Object.fromEntries(
        ["document", "location", "fetch", "AbortSignal", "DOMParser"]
          .concat(["scrollX", "scrollY", "scrollTo", "setTimeout", "clearTimeout"])
          .map((name) => [name, "readonly"]),
      ),
    },
  },
  {
    files: [
      "src/calls/**",
      "src/choice/**",
      "src/sums/**",
      "src/catalog/**",
      "src/snapshot/**",
      "src/status/**",
      "src/sora/decode.ts",
      "src/sora/json.ts",
    ],
    rules: { "no-restricted-imports": ["error", { patterns: [{ regex: edges }] }] },
  },
);
