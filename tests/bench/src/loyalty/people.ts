import type { Random } from './random.js';

const first = [
  'Aarav', 'Aditi', 'Amit', 'Ananya', 'Anil', 'Asha', 'Bela', 'Chandra', 'Deepa', 'Devi', 'Farah', 'Gauri', 'Hari', 'Isha', 'Jaya', 'Kabir', 'Kavya',
  'Leela', 'Manoj', 'Meera', 'Mina', 'Neha', 'Nikhil', 'Omar', 'Pooja', 'Priya', 'Rahul', 'Ravi', 'Rohan', 'Sana', 'Sita', 'Tara', 'Uma', 'Vikram', 'Zoya',
]; // prettier-ignore
const last = [
  'Agarwal', 'Ahmed', 'Banerjee', 'Bose', 'Chopra', 'Das', 'Desai', 'Fernandes', 'Ghosh', 'Gupta', 'Iyer', 'Jain', 'Joshi', 'Kapoor', 'Khan', 'Kumar',
  'Malhotra', 'Mehta', 'Menon', 'Mukherjee', 'Nair', 'Patel', 'Pillai', 'Rao', 'Reddy', 'Roy', 'Sen', 'Shah', 'Sharma', 'Singh', 'Sinha', 'Verma',
]; // prettier-ignore

/** What a search begins with: names, and their beginnings. */
export const prefixes = ['pri', 'a', 'kum', 'sharma', 'meera s', 'zo', 'ra', 'nikhil ve'];
export const tagNames = ['regular', 'vegan', 'student', 'office', 'family', 'vip'] as const;

export function nameOf(random: Random): string {
  const middle = random() < 0.1 ? [random.oneOf(first)] : [];
  return [random.oneOf(first), ...middle, random.oneOf(last)].join(' ');
}

/** Two of three have none; few are `vip`. */
export function tagsOf(random: Random): string[] {
  if (random() < 0.66) return [];
  const often = tagNames.slice(0, 5).filter(() => random() < 0.3);
  return random() < 0.01 ? [...often, 'vip'] : often;
}
