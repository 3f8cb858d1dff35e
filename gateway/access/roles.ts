/** What a key may do; each may also do what those before it may. */
export const ROLES = [
  /** Queries, introspection and subscriptions. */
  'READ',
  /** All mutations, but those that destroy data. */
  'WRITE',
  /** What destroys data. */
  'ADMIN',
] as const;
export type Role = (typeof ROLES)[number];

/** Whether who has `role` may do what wants `wanted`. */
export function covers(role: Role, wanted: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(wanted);
}
