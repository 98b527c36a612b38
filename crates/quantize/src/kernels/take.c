/* Some of the channels. At every position: y[c] = x[first + c], for the outputs channels of y among
   the channels of x. */
static void take(const int8_t *x, int8_t *y, int positions, int channels, int outputs, int first)
{
    x += first;
    for (int p = 0; p < positions; p++, x += channels, y += outputs)
        for (int c = 0; c < outputs; c++)
            y[c] = x[c];
}
