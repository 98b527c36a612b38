/* As convolution, where output o reads inputs / groups channels from group floor(o groups /
   outputs). Weights are [outputs][kernel][kernel][inputs / groups]. */
static void grouped(const int8_t *x, int8_t *y, int height, int width, int inputs,
                    int output_height, int output_width, int outputs, int kernel, int stride,
                    int padding, int groups, const int8_t *weights, const int32_t *bias,
                    const int32_t *multiplier, const uint8_t *shift, int x_zero, int zero)
{
    int each = inputs / groups;
    for (int position = 0; position < output_height * output_width; position++, y += outputs) {
        int top = position / output_width * stride - padding;
        int left = position % output_width * stride - padding;
        const int8_t *w = weights;
        for (int o = 0; o < outputs; o++) {
            int start = o * groups / outputs * each;
            int32_t sum = bias[o];
            for (int row = top; row < top + kernel; row++)
                for (int column = left; column < left + kernel; column++, w += each)
                    if (row >= 0 && row < height && column >= 0 && column < width)
                        sum += dot(x + (row * width + column) * inputs + start, w, each);
                    else
                        sum += x_zero * total(w, each);
            y[o] = requantize(sum, multiplier[o], shift[o], zero);
        }
    }
}
