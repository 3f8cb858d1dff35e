/** Must be imported before Apollo's packages, which otherwise start to report how they are used. */
process.env.APOLLO_TELEMETRY_DISABLED = 'true';
