/* y = rescale((y - y_zero) y_factor + (x - x_zero) x_factor), in place. */
static void add(const int8_t *x, int8_t *y, int n, int x_zero, int32_t x_factor, int y_zero,
                int32_t y_factor, int shift, int zero)
{
    for (int i = 0; i < n; i++)
        y[i] = rescale((y[i] - y_zero) * y_factor + (x[i] - x_zero) * x_factor, shift, zero);
}
