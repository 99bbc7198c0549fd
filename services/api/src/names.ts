const plainly = (text: string): string => text.toLowerCase().split(/\s+/).filter(Boolean).join(' ');

/** A name as it is sorted and searched: whatever the case, the width (NFKC) and the blanks. */
export const nameKeyOf = (name: string): string => plainly(name.normalize('NFKC'));

/** Whatever its accents, too: NFKD sets them apart from their letters. */
export const plainNameOf = (name: string): string => plainly(name.normalize('NFKD').replace(/\p{M}/gu, ''));
