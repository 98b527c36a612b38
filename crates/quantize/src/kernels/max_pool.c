/* The largest value of each window on every map; the border does not count. */
static void max_pool(const int8_t *x, int8_t *y, int height, int width, int channels,
                     int output_height, int output_width, int kernel, int stride, int padding)
{
    for (int position = 0; position < output_height * output_width; position++, y += channels) {
        int top = position / output_width * stride - padding;
        int left = position % output_width * stride - padding;
        memset(y, -128, (size_t)channels);
        for (int row = top; row < top + kernel; row++)
            for (int column = left; column < left + kernel; column++)
                if (row >= 0 && row < height && column >= 0 && column < width) {
                    const int8_t *at = x + (row * width + column) * channels;
                    for (int c = 0; c < channels; c++)
                        y[c] = at[c] > y[c] ? at[c] : y[c];
                }
    }
}
