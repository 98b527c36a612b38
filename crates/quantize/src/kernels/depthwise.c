/* Depthwise convolutions. At every output position: y[c] = requantize(bias[c] + sum of x[c] w[c])
   over the window, whose taps are dilation apart, with x_zero outside of the maps. Weights are
   [kernel][kernel][channels]; up to 16 channels are summed together. */
static void depthwise(const int8_t *x, int8_t *y, int height, int width, int channels,
                      int output_height, int output_width, int kernel, int dilation, int stride,
                      int padding, const int8_t *weights, const int32_t *bias,
                      const int32_t *multiplier, const uint8_t *shift, int x_zero, int zero)
{
    for (int position = 0; position < output_height * output_width; position++, y += channels) {
        int top = position / output_width * stride - padding;
        int left = position % output_width * stride - padding;
        for (int start = 0; start < channels; start += 16) {
            int lanes = channels - start < 16 ? channels - start : 16;
            const int8_t *w = weights + start;
            int32_t sums[16];
            memcpy(sums, bias + start, (size_t)lanes * sizeof sums[0]);
            for (int row = top; row < top + kernel * dilation; row += dilation)
                for (int column = left; column < left + kernel * dilation;
                     column += dilation, w += channels)
                    if (row >= 0 && row < height && column >= 0 && column < width) {
                        const int8_t *at = x + (row * width + column) * channels + start;
                        for (int i = 0; i < lanes; i++)
                            sums[i] += at[i] * w[i];
                    } else {
                        for (int i = 0; i < lanes; i++)
                            sums[i] += x_zero * w[i];
                    }
            for (int i = 0, c = start; i < lanes; i++, c++)
                y[c] = requantize(sums[i], multiplier[c], shift[c], zero);
        }
    }
}
