/* In every run of numbers: y[i] = rescale((y[i] - y_zero) (x[i] - x_zero) factor), in place. A run is the
   channels of a position, or all maps. */
static void scale(const int8_t *x, int8_t *y, int runs, int numbers, int x_zero, int y_zero,
                  int32_t factor, int shift, int zero)
{
    for (int run = 0; run < runs; run++, y += numbers)
        for (int i = 0; i < numbers; i++)
            y[i] = rescale((y[i] - y_zero) * (x[i] - x_zero) * factor, shift, zero);
}
