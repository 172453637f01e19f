// Sends the memory of one process to another over TCP on loopback, as plainly as can be, for StreamRate to be compared with.
//   stream_rate receive CONNECTIONS MIB CHECK      prints the port, then receives until the sender ends
//   stream_rate send CONNECTIONS MIB CHECK PORT ROUNDS   prints MiB/s of each round but the first
// CHECK 1: both sides compute a CRC-32C of each page, with the CPU's instruction, and the sender sends it with 256 pages.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nmmintrin.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096
#define CHUNK_PAGES 256
#define STRIPE_PAGES 64

static char *ram;
static size_t pages;
static int connections, check, sending;
static int sockets[16];

static void die(const char *what) {
    perror(what);
    exit(1);
}

static uint32_t crc(const char *page) {
    uint64_t sum = 0xFFFFFFFF;
    for (int i = 0; i < PAGE; i += 8) {
        sum = _mm_crc32_u64(sum, *(const uint64_t *) (page + i));
    }
    return ~(uint32_t) sum;
}

// All of a vector, in either direction.
static void move(int fd, struct iovec *vector, int count) {
    while (count > 0) {
        ssize_t done = sending ? writev(fd, vector, count) : readv(fd, vector, count);
        if (done == 0) {
            exit(0);
        }
        if (done < 0) {
            die("stream");
        }
        while (count > 0 && (size_t) done >= vector->iov_len) {
            done -= vector->iov_len;
            vector++;
            count--;
        }
        if (count > 0) {
            vector->iov_base = (char *) vector->iov_base + done;
            vector->iov_len -= done;
        }
    }
}

// The stripes of one connection, once.
static void *pass(void *argument) {
    int index = (int) (intptr_t) argument;
    uint32_t sums[CHUNK_PAGES];
    struct iovec vector[CHUNK_PAGES / STRIPE_PAGES + 1];
    size_t first[CHUNK_PAGES / STRIPE_PAGES];
    size_t page = (size_t) index * STRIPE_PAGES;
    while (page < pages) {
        int count = check ? 1 : 0;
        int stripes = 0;
        while (page < pages && stripes < CHUNK_PAGES / STRIPE_PAGES) {
            vector[count].iov_base = ram + page * PAGE;
            vector[count].iov_len = STRIPE_PAGES * PAGE;
            first[stripes] = page;
            count++;
            stripes++;
            page += (size_t) connections * STRIPE_PAGES;
        }
        if (check) {
            vector[0].iov_base = sums;
            vector[0].iov_len = stripes * STRIPE_PAGES * sizeof(uint32_t);
            for (int i = 0; sending && i < stripes * STRIPE_PAGES; i++) {
                sums[i] = crc(ram + (first[i / STRIPE_PAGES] + i % STRIPE_PAGES) * PAGE);
            }
        }
        move(sockets[index], vector, count);
        for (int i = 0; check && !sending && i < stripes * STRIPE_PAGES; i++) {
            if (sums[i] != crc(ram + (first[i / STRIPE_PAGES] + i % STRIPE_PAGES) * PAGE)) {
                fprintf(stderr, "damaged\n");
                exit(1);
            }
        }
    }
    return NULL;
}

static void all(void) {
    pthread_t threads[16];
    for (int i = 1; i < connections; i++) {
        pthread_create(&threads[i], NULL, pass, (void *) (intptr_t) i);
    }
    pass((void *) 0);
    for (int i = 1; i < connections; i++) {
        pthread_join(threads[i], NULL);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        return 64;
    }
    sending = strcmp(argv[1], "send") == 0;
    connections = atoi(argv[2]);
    pages = (size_t) atoi(argv[3]) * 256;
    check = atoi(argv[4]);
    int file = memfd_create("stream-rate", 0);
    if (ftruncate(file, pages * PAGE) != 0) {
        die("ftruncate");
    }
    ram = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
    if (ram == MAP_FAILED) {
        die("mmap");
    }
    for (size_t page = 0; page < pages; page++) {
        memset(ram + page * PAGE, sending ? (int) page | 1 : 0, PAGE);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    if (sending) {
        address.sin_port = htons(atoi(argv[5]));
        for (int i = 0; i < connections; i++) {
            sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
            if (connect(sockets[i], (struct sockaddr *) &address, sizeof address) != 0) {
                die("connect");
            }
            setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        }
        for (int round = 0; round < atoi(argv[6]); round++) {
            double begin = now();
            char taken;
            all();
            if (read(sockets[0], &taken, 1) != 1) {
                die("answer");
            }
            if (round > 0) {
                printf("%.1f\n", pages * PAGE / 1048576.0 / (now() - begin));
            }
        }
        return 0;
    }
    int door = socket(AF_INET, SOCK_STREAM, 0);
    socklen_t length = sizeof address;
    if (bind(door, (struct sockaddr *) &address, sizeof address) != 0 || listen(door, 16) != 0
            || getsockname(door, (struct sockaddr *) &address, &length) != 0) {
        die("listen");
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    for (int i = 0; i < connections; i++) {
        sockets[i] = accept(door, NULL, NULL);
        setsockopt(sockets[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    while (1) {
        all();
        if (write(sockets[0], "t", 1) != 1) {
            die("answer");
        }
    }
}
