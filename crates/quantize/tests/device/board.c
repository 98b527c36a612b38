/* Runs the network on the images of images.h and writes scores and class of each as a line of
   hexadecimal digits, through semihosting. */
#include "images.h"
#include "net.h"

extern int stack;
void reset(void);

__attribute__((section(".vectors"), used)) static void *const vectors[2] = {&stack, (void *)reset};

static int semihosting(int operation, const void *argument)
{
    register int r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static char *hexadecimal(char *text, unsigned byte)
{
    *text++ = "0123456789abcdef"[byte >> 4 & 15];
    *text++ = "0123456789abcdef"[byte & 15];
    return text;
}

void reset(void)
{
    for (int i = 0; i < IMAGES; i++) {
        static char line[2 * NET_CLASSES + 4];
        char *end = line;
        int best = net_classify(images[i]);
        for (int pixel = 0; pixel < NET_INPUT_BYTES; pixel++)
            net_input()[pixel] = images[i][pixel];
        const int8_t *scores = net_run();
        for (int class = 0; class < NET_CLASSES; class++)
            end = hexadecimal(end, (uint8_t)scores[class]);
        end = hexadecimal(end, (unsigned)best);
        *end++ = '\n';
        *end = 0;
        semihosting(4, line);
    }
    semihosting(0x18, (const void *)0x20026);
    for (;;) {
    }
}
