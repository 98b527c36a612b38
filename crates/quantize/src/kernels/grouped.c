/* As convolution, where output o reads inputs / groups channels from group floor(o groups /
   outputs). Weights are [outputs][kernel][kernel][inputs / groups]. */
static void grouped(const int8_t *x, int8_t *y, int side, int inputs, int output_side, int outputs,
                    int kernel, int stride, int padding, int groups, const int8_t *weights,
                    const int32_t *bias, const int32_t *multiplier, const uint8_t *shift, int x_zero,
                    int zero)
{
    int width = inputs / groups;
    for (int position = 0; position < output_side * output_side; position++, y += outputs) {
        int top = position / output_side * stride - padding;
        int left = position % output_side * stride - padding;
        const int8_t *w = weights;
        for (int o = 0; o < outputs; o++) {
            int start = o * groups / outputs * width;
            int32_t sum = bias[o];
            for (int row = top; row < top + kernel; row++)
                for (int column = left; column < left + kernel; column++, w += width)
                    if (row >= 0 && row < side && column >= 0 && column < side)
                        sum += dot(x + (row * side + column) * inputs + start, w, width);
                    else
                        sum += x_zero * total(w, width);
            y[o] = requantize(sum, multiplier[o], shift[o], zero);
        }
    }
}
