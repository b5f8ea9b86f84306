/** As much of JSON Schema as config.schema.json uses; a keyword that is not known here fails the test. */

export interface JsonSchema {
  readonly $schema?: string;
  readonly type?: "object" | "array" | "string" | "boolean" | "integer" | "number";
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly propertyNames?: JsonSchema;
  readonly additionalProperties?: false | JsonSchema;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: true;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
}

/** Whether a value is valid. */
export function accepts(schema: JsonSchema, value: unknown): boolean {
  const { type } = schema;
  if (type !== undefined && type !== typeOf(value) && !(type === "number" && typeof value === "number"))
    return false;
  return Object.keys(schema).every((keyword) => holds(schema, keyword, value));
}

/** Every key below a schema with its description, in the order in which they are declared. */
export function findDescriptions(schema: JsonSchema): [key: string, description: string][] {
  const below = [schema.items, schema.additionalProperties, ...(schema.anyOf ?? [])].filter(
    (inner): inner is JsonSchema => typeof inner === "object",
  );
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, inner]) => [
    [key, inner.description ?? "(none)"] as [string, string],
    ...findDescriptions(inner),
  ]);
  return [...own, ...below.flatMap(findDescriptions)];
}

function typeOf(value: unknown): string {
  if (Number.isInteger(value)) return "integer";
  return Array.isArray(value) ? "array" : typeof value;
}

function holds(schema: JsonSchema, keyword: string, value: unknown): boolean {
  switch (keyword) {
    case "$schema":
    case "type":
    case "description":
    case "default":
      return true;
    case "properties":
    case "additionalProperties":
      return Object.entries(value as object).every(([key, inner]) => {
        const rule = schema.properties?.[key] ?? schema.additionalProperties ?? {};
        return rule !== false && accepts(rule, inner);
      });
    case "propertyNames":
      return Object.keys(value as object).every((key) => accepts(schema.propertyNames!, key));
    case "required":
      return schema.required!.every((key) => Object.hasOwn(value as object, key));
    case "items":
      return (value as unknown[]).every((item) => accepts(schema.items!, item));
    case "anyOf":
      return schema.anyOf!.some((option) => accepts(option, value));
    case "oneOf":
      return schema.oneOf!.filter((option) => accepts(option, value)).length === 1;
    case "maxItems":
      return (value as unknown[]).length <= schema.maxItems!;
    case "minItems":
      return (value as unknown[]).length >= schema.minItems!;
    case "uniqueItems":
      return new Set(value as unknown[]).size === (value as unknown[]).length;
    case "minimum":
      return (value as number) >= schema.minimum!;
    case "maximum":
      return (value as number) <= schema.maximum!;
    case "enum":
      return schema.enum!.includes(value);
    case "pattern":
      return new RegExp(schema.pattern!, "u").test(value as string);
    default:
      throw new Error(`the JSON Schema uses ${keyword}`);
  }
}
