import { MemoryHostBudget } from '../../platform/adapters/memory-host-budget.ts';
import { hostBudgetContract } from './host-budget.ts';

hostBudgetContract('MemoryHostBudget', async (deps, options) => new MemoryHostBudget(deps, () => options));
