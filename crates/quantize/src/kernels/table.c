/* Replaces every value q by table[q + 128] in place. */
static void table(int8_t *x, int n, const int8_t *table)
{
    for (int i = 0; i < n; i++)
        x[i] = table[x[i] + 128];
}
