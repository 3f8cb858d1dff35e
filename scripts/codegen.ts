/**
 * Makes what is derived from `schema/`: each subgraph's resolver types, and of the static part the composed
 * supergraph and the API that apps see; and from the services' settings README's table of them. With `--check`, writes nothing and fails where what is committed differs.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { codegen } from '@graphql-codegen/core';
import * as typescript from '@graphql-codegen/typescript';
import * as typescriptResolvers from '@graphql-codegen/typescript-resolvers';
import { parse, printSchema } from 'graphql';
import { packageRoot, readSdl } from '../platform/sdl.ts';
import { settingsTable } from './settings-table.ts';

const SUBGRAPHS = ['configuration', 'datasource', 'endpoint'] as const;

async function resolverTypes(subgraph: (typeof SUBGRAPHS)[number]): Promise<string> {
  const schema = buildSubgraphSchema(parse(readSdl(subgraph)));
  const config = {
    useTypeImports: true,
    enumsAsTypes: true,
    skipTypename: true,
    defaultScalarType: 'unknown',
    scalars: {
      DateTime: 'string',
      URL: 'string',
      Decimal: 'string',
      Duration: 'string',
      Counter: 'number',
      JSON: 'unknown',
    },
    contextType: '../../platform/http/inner-operations.ts#SubgraphContext',
    // Resolvers return what the store has; each subgraph's own resolvers say the shape.
    defaultMapper: 'any',
  };
  return codegen({
    filename: `subgraphs/${subgraph}/generated.ts`,
    schema: parse(printSchema(schema)),
    schemaAst: schema,
    documents: [],
    config,
    pluginMap: { typescript, typescriptResolvers },
    plugins: [{ typescript: {} }, { typescriptResolvers: {} }],
  });
}

function supergraph(): string {
  const result = composeServices(
    SUBGRAPHS.map((name) => ({ name, url: `http://${name}/graphql`, typeDefs: parse(readSdl(name)) })),
  );
  if (result.errors) throw new Error(result.errors.map((error) => error.message).join('\n'));
  return `${result.supergraphSdl}\n`;
}

function api(supergraphSdl: string): string {
  return `${printSchema(Supergraph.build(supergraphSdl).apiSchema().toGraphQLJSSchema())}\n`;
}

/** README with the table of settings as the code has it now. */
function readme(): string {
  const [begin, end] = ['<!-- settings: written by npm run codegen -->', '<!-- settings end -->'];
  const text = readFileSync(join(packageRoot, 'README.md'), 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error('README.md has lost the marks around its table of settings.');
  return `${text.slice(0, from + begin.length)}\n\n${settingsTable()}\n\n${text.slice(to)}`;
}

const supergraphSdl = supergraph();
const outputs: [file: string, text: string][] = [
  ['schema/supergraph.graphql', supergraphSdl],
  ['schema/api.graphql', api(supergraphSdl)],
  ['README.md', readme()],
];
for (const subgraph of SUBGRAPHS) {
  const header = '// Generated from schema/ by `npm run codegen`: do not edit.\n';
  outputs.push([`subgraphs/${subgraph}/generated.ts`, header + (await resolverTypes(subgraph))]);
}

const isCheck = process.argv.includes('--check');
let differs = false;
for (const [file, text] of outputs) {
  const path = join(packageRoot, file);
  if (!isCheck) writeFileSync(path, text);
  else if (readFileSync(path, 'utf8') !== text) {
    differs = true;
    console.error(`${file} is not what the sources say: run \`npm run codegen\`.`);
  }
}
process.exitCode = differs ? 1 : 0;
