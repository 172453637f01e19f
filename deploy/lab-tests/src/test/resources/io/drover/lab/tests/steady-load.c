/*
 * A guest's work that nothing may disturb, while the guest moves:
 *
 *   steady-load ECHO_ADDRESS ECHO_PORT DISK DISK_MEBIBYTES MEMORY_MEBIBYTES
 *
 * - counts ticks of 100 ms and prints each, "tick N";
 * - writes the disk block by block, past the page cache, each block with its place and its round in every word, and reads old ones again;
 * - writes all of its memory with the number of the round, having looked whether all of it has that of the round before;
 * - holds one TCP connection to an echo server, and waits for each number that it has sent.
 *
 * When the file "over" is there it ends, with one line for each: how much was done, and how much of it was wrong.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_NANOS 100000000L
#define BLOCK (16 << 10)
#define WORDS (BLOCK / sizeof(uint64_t))

static volatile int over;
static const char *address, *port, *disk;
static long disk_mebibytes, memory_mebibytes;

static uint64_t now_millis(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}

static void die(const char *what)
{
    printf("load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void *ticks(void *unused)
{
    struct itimerspec period = {{0, TICK_NANOS}, {0, TICK_NANOS}};
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    uint64_t count = 0, expired, last = now_millis(), longest = 0, begun = last;

    if (timer < 0 || timerfd_settime(timer, 0, &period, NULL))
        die("timer");
    while (!over) {
        if (read(timer, &expired, sizeof expired) != sizeof expired)
            die("timer");
        uint64_t now = now_millis();
        if (now - last > longest)
            longest = now - last;
        last = now;
        /* Those of a time in which the guest was not run come together. */
        while (expired--)
            printf("tick %llu\n", (unsigned long long)++count);
    }
    printf("load: ticks %llu in %llu ms, longest pause %llu ms\n", (unsigned long long)count,
            (unsigned long long)(now_millis() - begun), (unsigned long long)longest);
    return NULL;
}

static uint64_t word(uint64_t block, uint64_t round, unsigned i)
{
    return (block << 40 | round << 16 | i) * 0x9e3779b97f4a7c15ull;
}

static void *writes(void *unused)
{
    uint64_t blocks = disk_mebibytes * (1 << 20) / BLOCK, written = 0, verified = 0, wrong = 0;
    uint64_t *buffer, *rounds = calloc(blocks, sizeof *rounds);
    int file = open(disk, O_RDWR | O_DIRECT);

    if (file < 0 || !rounds || posix_memalign((void **)&buffer, 4096, BLOCK))
        die(disk);
    srandom(1);
    while (!over) {
        uint64_t block = random() % blocks, old = random() % blocks;
        rounds[block]++;
        for (unsigned i = 0; i < WORDS; i++)
            buffer[i] = word(block, rounds[block], i);
        if (pwrite(file, buffer, BLOCK, block * BLOCK) != BLOCK)
            die("write");
        if (++written % 16 == 0 && fdatasync(file))
            die("fdatasync");
        if (pread(file, buffer, BLOCK, old * BLOCK) != BLOCK)
            die("read");
        for (unsigned i = 0; i < WORDS; i++)
            if (buffer[i] != (rounds[old] ? word(old, rounds[old], i) : 0)) {
                wrong++;
                break;
            }
        verified++;
        usleep(50000);
    }
    /* All of it at the end. */
    for (uint64_t block = 0; block < blocks; block++) {
        if (pread(file, buffer, BLOCK, block * BLOCK) != BLOCK)
            die("read");
        for (unsigned i = 0; i < WORDS; i++)
            if (buffer[i] != (rounds[block] ? word(block, rounds[block], i) : 0)) {
                wrong++;
                break;
            }
    }
    printf("load: disk wrote %llu read %llu wrong %llu\n", (unsigned long long)written,
            (unsigned long long)(verified + blocks), (unsigned long long)wrong);
    return NULL;
}

static void *memory(void *unused)
{
    size_t words = memory_mebibytes * (1 << 20) / sizeof(uint64_t);
    uint64_t *all = calloc(words, sizeof *all), round = 0, wrong = 0;

    if (!all)
        die("memory");
    while (!over) {
        for (size_t i = 0; i < words; i++) {
            if (all[i] != (round ? round ^ i : 0))
                wrong++;
            all[i] = (round + 1) ^ i;
        }
        round++;
        usleep(20000);
    }
    printf("load: memory rounds %llu wrong %llu\n", (unsigned long long)round, (unsigned long long)wrong);
    return NULL;
}

static void *echoes(void *unused)
{
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    uint64_t sent = 0, answer, wrong = 0, longest = 0;

    if (peer < 0 || !inet_aton(address, &server.sin_addr)
            || connect(peer, (struct sockaddr *)&server, sizeof server))
        die("connect");
    printf("load: connected\n");
    while (!over) {
        uint64_t begun = now_millis();
        if (send(peer, &sent, sizeof sent, MSG_NOSIGNAL) != sizeof sent)
            die("the connection, sending");
        if (recv(peer, &answer, sizeof answer, MSG_WAITALL) != sizeof answer)
            die("the connection, receiving");
        if (answer != sent)
            wrong++;
        sent++;
        if (now_millis() - begun > longest)
            longest = now_millis() - begun;
        usleep(20000);
    }
    close(peer);
    printf("load: connection echoes %llu wrong %llu longest wait %llu ms\n", (unsigned long long)sent,
            (unsigned long long)wrong, (unsigned long long)longest);
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[4];
    void *(*work[4])(void *) = {ticks, writes, memory, echoes};

    if (argc != 6)
        return 2;
    address = argv[1];
    port = argv[2];
    disk = argv[3];
    disk_mebibytes = atol(argv[4]);
    memory_mebibytes = atol(argv[5]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < 4; i++)
        if (pthread_create(&threads[i], NULL, work[i], NULL))
            die("thread");
    while (access("over", F_OK))
        usleep(50000);
    over = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
