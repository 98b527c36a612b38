/* Replaces pixels in 0..255 by int8 in place, channels last:
   limit(floor((pixel factor[c] + offset[c]) / 2^shift), -128, 127). */
static void pixels(int8_t *x, int positions, int channels, const int32_t *factor,
                   const int32_t *offset, int shift)
{
    for (int p = 0; p < positions; p++, x += channels)
        for (int c = 0; c < channels; c++) {
            int32_t value = ((int32_t)(uint8_t)x[c] * factor[c] + offset[c]) >> shift;
            x[c] = (int8_t)(value < -128 ? -128 : value > 127 ? 127 : value);
        }
}
