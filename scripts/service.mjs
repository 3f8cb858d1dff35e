/** `npm run service -- <name>`: runs one service in this process. It is built by `npm ci` and `npm run build`. */
const programs = {
  gateway: '../dist/gateway/main.js',
  configuration: '../dist/subgraphs/configuration/main.js',
  datasource: '../dist/subgraphs/datasource/main.js',
  endpoint: '../dist/subgraphs/endpoint/main.js',
  orchestrator: '../dist/orchestrator/main.js',
  scraper: '../dist/scrapers/main.js',
};

const name = process.argv[2] ?? '';
const program = Object.hasOwn(programs, name) ? programs[name] : undefined;
if (program === undefined) {
  console.error(`tributary: "${name}" is no service: it is one of ${Object.keys(programs).join(', ')}.`);
  process.exit(1);
}
await import(program);
