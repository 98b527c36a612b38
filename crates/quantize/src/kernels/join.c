/* One part of a concatenation. At every position: y[start + c] = rescale((x[c] - x_zero) factor),
   for the channels of x among the outputs channels of y. */
static void join(const int8_t *x, int8_t *y, int positions, int channels, int outputs, int start,
                 int x_zero, int32_t factor, int shift, int zero)
{
    y += start;
    for (int p = 0; p < positions; p++, x += channels, y += outputs)
        for (int c = 0; c < channels; c++)
            y[c] = rescale((x[c] - x_zero) * factor, shift, zero);
}
