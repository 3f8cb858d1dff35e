export { steadyClock } from '../../platform/clock.ts';
