/** Slots of a ciphertext at N = 2^16. */
export const MOST_SLOTS = 2 ** 15;
/** Weight vectors of one layer, two diagonals in each where they are paired: at N = 2^15, where a layer may need so many, they take 5 GiB and more as ciphertexts. */
export const MOST_VECTORS = 2 ** 12;
/** Ciphertexts of one value. */
export const MOST_CIPHERTEXTS = 64;
