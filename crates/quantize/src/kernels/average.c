/* The mean of each window on every map: requantize(sum of x - x_zero), with the size of the window
   in the multiplier; zeros of the border count. Up to 16 channels are summed together. */
static void average(const int8_t *x, int8_t *y, int height, int width, int channels,
                    int output_height, int output_width, int kernel_height, int kernel_width,
                    int stride, int padding, int x_zero, int32_t multiplier, uint8_t shift,
                    int zero)
{
    for (int position = 0; position < output_height * output_width; position++, y += channels) {
        int top = position / output_width * stride - padding;
        int left = position % output_width * stride - padding;
        for (int start = 0; start < channels; start += 16) {
            int lanes = channels - start < 16 ? channels - start : 16;
            int32_t sums[16] = {0};
            for (int row = top; row < top + kernel_height; row++)
                for (int column = left; column < left + kernel_width; column++)
                    if (row >= 0 && row < height && column >= 0 && column < width) {
                        const int8_t *at = x + (row * width + column) * channels + start;
                        for (int i = 0; i < lanes; i++)
                            sums[i] += at[i] - x_zero;
                    }
            for (int i = 0; i < lanes; i++)
                y[start + i] = requantize(sums[i], multiplier, shift, zero);
        }
    }
}
