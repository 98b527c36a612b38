/* Pointwise convolutions and matrix products. At every position:
   y[o] = requantize(bias[o] + sum of x[i] w[o][i]). */
static void matrix(const int8_t *x, int8_t *y, int positions, int inputs, int outputs,
                   const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                   const uint8_t *shift, int zero)
{
    for (int p = 0; p < positions; p++, x += inputs, y += outputs)
        for (int o = 0; o < outputs; o++) {
            int32_t sum = bias[o] + dot(x, weights + o * inputs, inputs);
            y[o] = requantize(sum, multiplier[o], shift[o], zero);
        }
}
