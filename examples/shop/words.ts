/** What the shop's products and reviews are made of. */

interface Category {
  /** Also the last part of its address, in lower case. */
  readonly name: string;
  readonly things: readonly string[];
  readonly poundsMin: number;
  readonly poundsMax: number;
}

export const CATEGORIES: readonly Category[] = [
  {
    name: 'Lamps',
    things: ['Desk Lamp', 'Reading Lamp', 'Ship’s Lantern', 'Floor Lamp'],
    poundsMin: 18,
    poundsMax: 240,
  },
  {
    name: 'Clocks',
    things: ['Mantel Clock', 'Station Clock', 'Carriage Clock', 'Regulator'],
    poundsMin: 45,
    poundsMax: 1_450,
  },
  {
    name: 'Globes',
    things: ['Pocket Globe', 'Celestial Globe', 'Relief Globe'],
    poundsMin: 30,
    poundsMax: 1_900,
  },
  {
    name: 'Teapots',
    things: ['Cast-Iron Teapot', 'Stoneware Teapot', 'Café Pot', 'Samovar'],
    poundsMin: 12,
    poundsMax: 160,
  },
  {
    name: 'Stationery',
    things: ['Notebook', 'Fountain Pen', 'Writing Case', 'Ink & Nib Set'],
    poundsMin: 3,
    poundsMax: 85,
  },
  {
    name: 'Radios',
    things: ['Valve Radio', 'Travel Radio', 'Crystal Set', 'World Receiver'],
    poundsMin: 25,
    poundsMax: 1_300,
  },
];

export const QUALITIES = [
  'Amber',
  'Brass',
  'Brushed Steel',
  'Cobalt',
  'Copper',
  'Deco',
  'Edwardian',
  'Folding',
  'Frosted',
  'Harbour',
  'Hand-Painted',
  'Ivory',
  'Little',
  'Moss-Green',
  'Oak',
  'Observatory',
  'Smoked-Glass',
  'Travelling',
  'Verdigris',
  'Walnut',
] as const;

export const MAKERS = [
  'Ashdown & Sons',
  'Béla Kovács',
  'Fjord Works',
  'Maison Lefèvre',
  'O’Hara “Precision”',
  'Quill & Co.',
  'Tanaka Mfg.',
] as const;

export const READERS = [
  'Ada',
  'Benoît',
  'Chidi',
  'Dunja',
  'Emre',
  'Freya',
  'Giulia',
  'Hiro',
  'Inés',
] as const;
export const CITIES = ['Aberdeen', 'Brest', 'Córdoba', 'Dresden', 'Galway', 'Kyoto', 'Łódź'] as const;

/** By rating, from 1. */
export const OPINIONS: readonly (readonly string[])[] = [
  ['Arrived in two pieces. It was meant to be one.', 'Not as pictured; sent it back.'],
  ['Looks the part, does not play it.', 'The finish came off within a week.'],
  ['Does what it says, no more.', 'Fine, but I have seen it cheaper.'],
  ['Solid, and lovely to look at.', 'A present that was kept. High praise in this family.'],
  ['I have bought a second one.', 'Better than my grandfather’s, and his was good.', 'Worth every penny.'],
];
