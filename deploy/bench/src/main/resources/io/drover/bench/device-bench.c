/*
 * The load of the device benchmark, the same under every VMM, and its peer in the host. Prints one number: operations a second, or
 * bytes a second for streams.
 *
 *   device-bench disk FILE read|write random|ordered BLOCK_BYTES DEPTH SECONDS
 *   device-bench send|receive|echo ADDRESS PORT SECONDS
 *   device-bench serve PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What is not timed: caches are cold then, and a JVM has compiled little. */
enum { WARM_REQUESTS = 4000, WARM_BYTES = 16 << 20, WARM_ECHOES = 500 };
enum { MAX_DEPTH = 64, STREAM_BYTES = 128 << 10 };

static char stream[STREAM_BYTES];

static long check(const char *what, long result) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* xorshift64: the same places in every run. */
static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void disk(char **words) {
    int writes = strcmp(words[1], "write") == 0, random = strcmp(words[2], "random") == 0;
    long block = atol(words[3]), depth = atol(words[4]);
    double seconds = atof(words[5]);
    if (depth < 1 || depth > MAX_DEPTH)
        exit(2);
    int file = check(words[0], open(words[0], O_RDWR | O_DIRECT));
    uint64_t blocks = check("lseek", lseek(file, 0, SEEK_END)) / block, ordered = 0, done = 0;
    aio_context_t context = 0;
    check("io_setup", syscall(SYS_io_setup, depth, &context));
    struct iocb requests[MAX_DEPTH], *submitted[MAX_DEPTH];
    struct io_event events[MAX_DEPTH];
    for (int i = 0; i < depth; i++) {
        void *buffer;
        if (posix_memalign(&buffer, 4096, block) != 0)
            exit(3);
        memset(buffer, i, block);
        requests[i] = (struct iocb) {.aio_data = i, .aio_lio_opcode = writes ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
            .aio_fildes = file, .aio_buf = (uintptr_t) buffer, .aio_nbytes = block};
        submitted[i] = &requests[i];
    }
    long free = depth;
    double begin = 0, end = 0;
    while (end == 0 || now() < end) {
        for (int i = 0; i < free; i++)
            submitted[i]->aio_offset = block * (random ? next_random() % blocks : ordered++ % blocks);
        for (long sent = 0; sent < free;)
            sent += check("io_submit", syscall(SYS_io_submit, context, free - sent, submitted + sent));
        free = check("io_getevents", syscall(SYS_io_getevents, context, 1, depth, events, NULL));
        for (int i = 0; i < free; i++) {
            if (events[i].res != block) {
                fprintf(stderr, "a request gave %lld\n", (long long) events[i].res);
                exit(1);
            }
            submitted[i] = &requests[events[i].data];
        }
        done += free;
        if (end == 0 && done >= WARM_REQUESTS) {
            done = 0;
            begin = now();
            end = begin + seconds;
        }
    }
    printf("%.1f\n", done / (now() - begin));
}

static void full(const char *what, long result, long wanted) {
    if (result != wanted) {
        perror(what);
        exit(1);
    }
}

static long more(int peer) {
    long part = check("read", read(peer, stream, sizeof stream));
    if (part == 0)
        exit(1);
    return part;
}

static void echo(int peer) {
    full("write", write(peer, stream, 1), 1);
    full("read", read(peer, stream, 1), 1);
}

static void client(const char *kind, char **words) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(words[1]))};
    inet_pton(AF_INET, words[0], &address.sin_addr);
    double seconds = atof(words[2]);
    int peer = check("socket", socket(AF_INET, SOCK_STREAM, 0)), on = 1;
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    check("connect", connect(peer, (struct sockaddr *) &address, sizeof address));
    full("write", write(peer, kind, 1), 1);
    uint64_t done = 0, warm = 0;
    double begin, end;
    switch (*kind) {
        case 's':
            while (warm < WARM_BYTES)
                warm += check("write", write(peer, stream, sizeof stream));
            end = (begin = now()) + seconds;
            while (now() < end)
                done += check("write", write(peer, stream, sizeof stream));
            /* What it has not got yet does not count as sent. */
            shutdown(peer, SHUT_WR);
            full("read", recv(peer, &done, sizeof done, MSG_WAITALL), sizeof done);
            done -= warm;
            break;
        case 'r':
            while (warm < WARM_BYTES)
                warm += more(peer);
            end = (begin = now()) + seconds;
            while (now() < end)
                done += more(peer);
            break;
        default:
            for (; warm < WARM_ECHOES; warm++)
                echo(peer);
            end = (begin = now()) + seconds;
            for (; now() < end; done++)
                echo(peer);
    }
    printf("%.1f\n", done / (now() - begin));
}

static void answer(int peer) {
    char kind = 0;
    long part;
    uint64_t got = 0;
    int on = 1;
    setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    full("read", read(peer, &kind, 1), 1);
    switch (kind) {
        case 's':
            while ((part = read(peer, stream, sizeof stream)) > 0)
                got += part;
            full("write", write(peer, &got, sizeof got), sizeof got);
            break;
        case 'r':
            while (write(peer, stream, sizeof stream) > 0)
                continue;
            break;
        default:
            while (read(peer, stream, 1) == 1 && write(peer, stream, 1) == 1)
                continue;
    }
}

static void serve(int port) {
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    int listener = check("socket", socket(AF_INET, SOCK_STREAM, 0)), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    check("bind", bind(listener, (struct sockaddr *) &address, sizeof address));
    check("listen", listen(listener, 8));
    while (1) {
        int peer = check("accept", accept(listener, NULL, NULL));
        if (check("fork", fork()) == 0) {
            answer(peer);
            exit(0);
        }
        close(peer);
    }
}

int main(int count, char **words) {
    if (count == 8 && strcmp(words[1], "disk") == 0)
        disk(words + 2);
    else if (count == 5)
        client(words[1], words + 2);
    else if (count == 3 && strcmp(words[1], "serve") == 0)
        serve(atoi(words[2]));
    else
        return 2;
    return 0;
}
