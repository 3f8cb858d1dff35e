/**
 * Fails where the API that apps see breaks what the last release promised (`schema/released.graphql`), unless the
 * CHANGELOG's section "Unreleased" names the broken part, such as `Source.revision`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import { packageRoot } from '../platform/sdl.ts';

const read = (file: string) => readFileSync(join(packageRoot, file), 'utf8');

const unreleased = /^## Unreleased$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(read('CHANGELOG.md'))?.[1] ?? '';
const changes = await diff(
  buildSchema(read('schema/released.graphql')),
  buildSchema(read('schema/api.graphql')),
);
const breaking = changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking);
const unsaid = breaking.filter(({ path }) => !path || !unreleased.includes(`\`${path}\``));
for (const { path, message } of unsaid)
  console.error(`${path}: ${message}: breaks apps, and CHANGELOG.md does not say so.`);
process.exitCode = unsaid.length > 0 ? 1 : 0;
