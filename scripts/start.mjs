/** `npm start` and `npm run demo`: builds what has changed, then runs it in this process. */
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`tributary: needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

const { build } = await import('./build.mjs');
try {
  build();
} catch (error) {
  console.error(`tributary: ${error.message}`);
  process.exit(1);
}
await import(process.argv[2] === 'demo' ? '../dist/deploy/demo.js' : '../dist/deploy/local.js');
