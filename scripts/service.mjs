/**
 * `npm run service -- <name>`: runs one service in this process. It is built by `npm ci` and `npm run build`. The image
 * begins with it, so that it knows what else the image can do: all services in one process, and the keys of apps.
 */
const programs = {
  gateway: '../dist/gateway/main.js',
  configuration: '../dist/subgraphs/configuration/main.js',
  datasource: '../dist/subgraphs/datasource/main.js',
  endpoint: '../dist/subgraphs/endpoint/main.js',
  orchestrator: '../dist/orchestrator/main.js',
  scraper: '../dist/scrapers/main.js',
  'docker-proxy': '../dist/orchestrator/docker-proxy/main.js',
  platform: '../dist/deploy/local.js',
  key: '../dist/scripts/key.js',
};

const name = process.argv[2] ?? '';
const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
if (program === undefined) {
  console.error(`tributary: "${name}" is no service: it is one of ${Object.keys(programs).join(', ')}.`);
  process.exit(1);
}
// What follows are the program's own arguments.
process.argv.splice(2, 1);
await import(program);
