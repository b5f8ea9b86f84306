/** Where the configuration file says that a secret comes from. */
import { z } from "zod";

/** What a secret is given as, for messages and descriptions. */
export const SOURCE_FORMS = "a string, {env: NAME} or {file: PATH}";

// The messages say nothing of what was found: it may be a secret in the wrong place.
const sourceError = { error: `takes ${SOURCE_FORMS}` };

/** A secret, or the variable or file that holds it. */
export const sourceSchema = z.union(
  [
    z.string(),
    z.strictObject({ env: z.string().describe("Environment variable that holds the value.") }, sourceError),
    z.strictObject(
      { file: z.string().describe("File that holds the value; relative to the configuration file.") },
      sourceError,
    ),
  ],
  sourceError,
);

/** Where a secret comes from. */
export type Source = z.output<typeof sourceSchema>;

/** Keys under which whatever is in the wrong place may be a secret, even a name. */
export const SECRET_KEYS: readonly PropertyKey[] = ["headers", "basic_auth", "bearer_token", "client_id_key"];
