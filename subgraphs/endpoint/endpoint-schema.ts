import { type GraphQLSchema, parse } from 'graphql';
import { messageOf } from '../../platform/errors.ts';
import type { Logger } from '../../platform/logger.ts';
import type { CollectionDefinition } from '../../platform/model/collection-definition.ts';
import { readSdl } from '../../platform/sdl.ts';
import { acceptedDefinitions } from './typing/accepted-definitions.ts';
import type { Collections } from './typing/collections.ts';
import { buildEndpointSchema, endpointSdl } from './typing/schema.ts';

/** The schema in force: replaced as a whole, so that operations under way finish on the one they began with. */
export class EndpointSchema {
  readonly #logger: Logger;
  readonly #collections: Collections;
  readonly #staticSdl = parse(readSdl('endpoint'));
  #sdl: string;
  #schema: GraphQLSchema;

  constructor({ logger, collections }: { logger: Logger; collections: Collections }) {
    this.#logger = logger;
    this.#collections = collections;
    this.#sdl = endpointSdl([]);
    this.#schema = buildEndpointSchema(this.#sdl, [], collections);
  }

  get current(): GraphQLSchema {
    return this.#schema;
  }

  /** @returns Whether the SDL is another now. One that cannot be built leaves the schema as it was. */
  refresh(definitions: readonly CollectionDefinition[]): boolean {
    const accepted = acceptedDefinitions(definitions, this.#staticSdl);
    const sdl = endpointSdl(accepted);
    if (sdl === this.#sdl) return false;
    if (accepted.length < definitions.length) {
      const collections = definitions.filter((one) => !accepted.includes(one)).map(({ name }) => name);
      this.#logger.error({ collections }, 'collections left out of the graph, their names are taken');
    }
    try {
      this.#schema = buildEndpointSchema(sdl, accepted, this.#collections);
    } catch (error) {
      this.#logger.error(
        { err: error, reason: messageOf(error) },
        'schema not changed, it could not be built',
      );
      return false;
    }
    this.#sdl = sdl;
    return true;
  }
}
