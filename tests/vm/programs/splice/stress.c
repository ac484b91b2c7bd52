/* Numbers go through two pipes and a tee, with splices of odd sizes; their sum must arrive. */
#include "tests/vm/programs/splice/splice.h"

#define NUMBERS 200000u
static int chain[3][2];
static void *produce(void *argument) {
    uint32_t numbers[999];
    unsigned seed = 1;
    for (uint32_t next = 0; next < NUMBERS;) {
        uint32_t count = 1 + (uint32_t)rand_r(&seed) % 999, i = 0;
        for (; i < count && next < NUMBERS; i++)
            numbers[i] = next++;
        write(chain[0][1], numbers, i * 4);
    }
    close(chain[0][1]);
    return NULL;
}

static void *pass(void *argument) {
    unsigned seed = 2;
    while (splice(chain[0][0], NULL, chain[1][1], NULL, 1 + (unsigned)rand_r(&seed) % 20000, 0) > 0)
        ;
    close(chain[1][1]);
    return NULL;
}

static void *copy(void *argument) {
    unsigned seed = 3;
    long n;
    int sink = open("/dev/null", O_WRONLY);
    while ((n = tee(chain[1][0], chain[2][1], 1 + (unsigned)rand_r(&seed) % 30000, 0)) > 0)
        for (long left = n; left > 0;)
            left -= splice(chain[1][0], NULL, sink, NULL, left, 0);
    close(chain[2][1]);
    close(sink);
    return NULL;
}

int stress(int seconds) {
    time_t end = time(NULL) + seconds;
    int rounds = 0;
    do {
        pthread_t threads[3];
        for (int i = 0; i < 3; i++)
            pipe(chain[i]);
        pthread_create(&threads[0], NULL, produce, NULL);
        pthread_create(&threads[1], NULL, pass, NULL);
        pthread_create(&threads[2], NULL, copy, NULL);
        uint32_t numbers[1000], next = 0;
        size_t held = 0;
        ssize_t n;
        while ((n = read(chain[2][0], (char *)numbers + held, sizeof numbers - held)) > 0) {
            held += (size_t)n;
            for (size_t i = 0; i < held / 4; i++)
                if (numbers[i] != next++) {
                    printf("got %u for %u\n", numbers[i], next - 1);
                    return 1;
                }
            memmove(numbers, (char *)numbers + held / 4 * 4, held % 4);
            held %= 4;
        }
        for (int i = 0; i < 3; i++) {
            pthread_join(threads[i], NULL);
            close(chain[i][0]);
        }
        if (next != NUMBERS) {
            printf("%u numbers arrived\n", next);
            return 1;
        }
        rounds++;
    } while (time(NULL) < end);
    printf("whole\n");
    return 0;
}
