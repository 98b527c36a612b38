/* The int8 of a sum: zero + floor((sum multiplier + 2^(shift - 1)) / 2^shift), saturated, with
   products of 64 bits. Halves are rounded up. */
static inline int8_t requantize(int32_t sum, int32_t multiplier, uint8_t shift, int zero)
{
    int64_t product = (int64_t)sum * multiplier;
    int32_t value = zero + (int32_t)((product + ((int64_t)1 << (shift - 1))) >> shift);
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}
