import './telemetry-off.ts';

/** What we use of Apollo's gateway: its executor. It plans and joins; server, transport and subscriptions are ours. */
export { buildOperationContext, executeQueryPlan } from '@apollo/gateway';
