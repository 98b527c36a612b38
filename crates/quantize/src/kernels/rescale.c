/* The int8 of a scaled sum: zero + floor((scaled + 2^(shift - 1)) / 2^shift) in 32 bits, saturated.
   Halves are rounded up. */
static inline int8_t rescale(int32_t scaled, int shift, int zero)
{
    int32_t value = zero + ((scaled + ((int32_t)1 << (shift - 1))) >> shift);
    return (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
}
