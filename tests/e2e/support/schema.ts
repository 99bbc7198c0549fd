import { buildOpenApi, type RouteDefinition } from '@tidings/contracts';

/** As much of JSON Schema as our OpenAPI document uses. */
export interface JsonSchema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  allOf?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  minimum?: number;
  maximum?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  schema: JsonSchema;
}

/** What the document says of one route. */
export interface Operation {
  parameters: Parameter[];
  body: JsonSchema | undefined;
  bodyRequired: boolean;
  /** By status: the content types, and the codes that a problem of this status may have. */
  answers: Record<string, { contentTypes: readonly string[]; codes: readonly string[] | undefined }>;
}

const document = buildOpenApi();

export function operationOf(route: RouteDefinition): Operation {
  const operation = document.paths[route.path.replaceAll(/:(\w+)/g, '{$1}')]?.[route.method];
  if (!operation) throw new Error(`${route.name} is not in the OpenAPI document`);
  const parameters = (operation.parameters ?? []).flatMap((parameter) => ('name' in parameter ? [parameter as unknown as Parameter] : []));
  return {
    parameters,
    body: operation.requestBody?.content['application/json']?.schema as JsonSchema | undefined,
    bodyRequired: operation.requestBody?.required ?? false,
    answers: Object.fromEntries(
      Object.entries(operation.responses).map(([status, { content, 'x-codes': codes }]) => [
        status,
        { contentTypes: Object.keys(content ?? {}), codes },
      ]),
    ),
  };
}
