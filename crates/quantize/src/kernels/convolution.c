/* Convolutions of one group. At every output position: y[o] = requantize(bias[o] + sum of x w[o])
   over the window, with x_zero outside of the maps. Weights are [outputs][kernel][kernel][inputs]. */
static void convolution(const int8_t *x, int8_t *y, int height, int width, int inputs,
                        int output_height, int output_width, int outputs, int kernel, int stride,
                        int padding, const int8_t *weights, const int32_t *bias,
                        const int32_t *multiplier, const uint8_t *shift, int x_zero, int zero)
{
    int line = kernel * inputs;
    for (int position = 0; position < output_height * output_width; position++, y += outputs) {
        int top = position / output_width * stride - padding;
        int left = position % output_width * stride - padding;
        /* The columns of the window that lie on the maps. */
        int first = left < 0 ? -left : 0, end = width - left < kernel ? width - left : kernel;
        for (int o = 0; o < outputs; o++) {
            const int8_t *w = weights + o * kernel * line;
            int32_t sum = bias[o];
            for (int row = top; row < top + kernel; row++, w += line) {
                if (row < 0 || row >= height || first >= end) {
                    sum += x_zero * total(w, line);
                    continue;
                }
                sum += dot(x + (row * width + left + first) * inputs, w + first * inputs,
                           (end - first) * inputs);
                sum += x_zero * total(w, first * inputs);
                sum += x_zero * total(w + end * inputs, (kernel - end) * inputs);
            }
            y[o] = requantize(sum, multiplier[o], shift[o], zero);
        }
    }
}
