/* At every position: y[c] = rescale((y[c] - y_zero) (x[c] - x_zero) factor), in place. */
static void scale(const int8_t *x, int8_t *y, int positions, int channels, int x_zero, int y_zero,
                  int32_t factor, int shift, int zero)
{
    for (int p = 0; p < positions; p++, y += channels)
        for (int c = 0; c < channels; c++)
            y[c] = rescale((y[c] - y_zero) * (x[c] - x_zero) * factor, shift, zero);
}
