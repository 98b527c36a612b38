/* sum of a[i] b[i]; two products an instruction where the processor has the DSP extension */
static inline int32_t dot(const int8_t *a, const int8_t *b, int n)
{
    int32_t sum = 0;
    int i = 0;
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP == 1
    for (; i + 4 <= n; i += 4) {
        uint32_t p, q;
        memcpy(&p, a + i, sizeof p);
        memcpy(&q, b + i, sizeof q);
        sum = __smlad(__sxtb16(p), __sxtb16(q), sum);
        /* The other two bytes of each word. */
        sum = __smlad(__sxtb16(p >> 8 | p << 24), __sxtb16(q >> 8 | q << 24), sum);
    }
#endif
    for (; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}
