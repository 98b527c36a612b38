/* y[c] = requantize(sum of (x[c + k - kernel / 2] - x_zero) w[k]), with zeros outside. */
static void along_channels(const int8_t *x, int8_t *y, int channels, int kernel,
                           const int8_t *weights, int x_zero, int32_t multiplier, uint8_t shift,
                           int zero)
{
    for (int c = 0; c < channels; c++) {
        int32_t sum = 0;
        for (int k = 0, at = c - kernel / 2; k < kernel; k++, at++)
            if (at >= 0 && at < channels)
                sum += (x[at] - x_zero) * weights[k];
        y[c] = requantize(sum, multiplier, shift, zero);
    }
}
