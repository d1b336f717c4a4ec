/**
 * Images are encrypted at this share of their values, and the first layer's weights are as much larger. An image comes
 * from the secret key and is nearly free of noise; a weight comes from the public key, thirty times as noisy, and its
 * noise is multiplied with the image. Over RL-3's steps the weights of the first layer were the largest source of all.
 */
export const INPUT_SCALE = 1 / 4;

/**
 * A readout's weights and biases are multiplied by 1 + i·GUARD, so a logit z comes back as z + i·GUARD·z in every slot. A
 * z that wraps around level 0 does so in all slots alike and would look like any other number; the imaginary part, a
 * thousand times smaller, does not wrap with it and gives it away. Costs nothing: slots are complex. Not a power of two,
 * so that a wrapped z (shifted by a multiple of 2^11) matches its imaginary part by chance only, 2^−12.
 */
export const GUARD = 1.618033988749895 / 1024;
