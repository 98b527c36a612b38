/* sum of w[i] */
static inline int32_t total(const int8_t *w, int n)
{
    int32_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += w[i];
    return sum;
}
