/*
 * The same guest and the same work per turn as io.drover.vmm.bench.KvmLoop, in C: what a turn costs at least. Prints nanoseconds.
 * Arguments: the loop's word, turns to warm up with, turns to time, the guest's code in hexadecimal.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { CODE = 0x1000, COUNTER = 0x8000, PORT = 0x10, DOORBELL = 0xD0000000, LOCAL_APIC = 0xFEE00000, VECTOR = 0x30, GSI = 24 };

/* A bus of two devices, found by address and called through a pointer, as any VMM has to. */
struct device {
    uint64_t base, end;
    void (*write)(uint64_t offset, int bytes, uint64_t value);
};
static volatile uint64_t written;
static void count(uint64_t offset, int bytes, uint64_t value) { written += value + offset + bytes; }
static struct device devices[] = {{PORT, PORT + 8, count}, {0x300, 0x308, count}};

static void bus_write(uint64_t address, int bytes, uint64_t value) {
    for (unsigned i = 0; i < sizeof devices / sizeof *devices; i++)
        if (address >= devices[i].base && address < devices[i].end) {
            devices[i].write(address - devices[i].base, bytes, value);
            return;
        }
}

static int check(const char *what, int result) {
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static void run(int vcpu, struct kvm_run *run, long exits) {
    for (long i = 0; i < exits; i++) {
        check("KVM_RUN", ioctl(vcpu, KVM_RUN, 0));
        if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT) {
            fprintf(stderr, "exit reason %d\n", run->exit_reason);
            exit(2);
        }
        unsigned char *data = (unsigned char *) run + run->io.data_offset;
        for (unsigned access = 0; access < run->io.count; access++) {
            uint64_t value = 0;
            memcpy(&value, data + access * run->io.size, run->io.size);
            bus_write(run->io.port, run->io.size, value);
        }
    }
}

/* Kicked as ours is, without a signal handler: a signal that is let in while the guest runs only. */
static void let_kicks_in(int vcpu) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    uint64_t in_guest;
    check("sigprocmask", sigprocmask(SIG_BLOCK, &blocked, 0));
    struct {
        uint32_t len;
        uint8_t sigset[8];
    } __attribute__((packed)) mask = {.len = 8};
    sigset_t now;
    check("sigprocmask", sigprocmask(SIG_BLOCK, 0, &now));
    memcpy(&in_guest, &now, sizeof in_guest);
    in_guest &= ~(1ull << (SIGUSR1 - 1));
    memcpy(mask.sigset, &in_guest, sizeof in_guest);
    check("KVM_SET_SIGNAL_MASK", ioctl(vcpu, KVM_SET_SIGNAL_MASK, &mask));
}

static int vcpu_file;
static struct kvm_run *area;

static void *run_cpu(void *unused) {
    let_kicks_in(vcpu_file);
    while (1)
        run(vcpu_file, area, 1);
    return unused;
}

/* The events of a guest, and the thread that serves them. */
static int doorbell, message, poller;
static volatile uint32_t *counter;

static void turn(const char *loop) {
    uint64_t rings = 1;
    struct epoll_event ready[16];
    if (strcmp(loop, "interrupt") != 0)
        check("epoll_wait", epoll_wait(poller, ready, 16, -1));
    if (strcmp(loop, "kick") != 0) {
        uint32_t before = *counter;
        check("write", write(message, &rings, sizeof rings));
        if (strcmp(loop, "interrupt") == 0)
            while (*counter == before)
                __builtin_ia32_pause();
    }
}

static void serve(const char *loop, long turns) {
    for (uint32_t begin = *counter; *counter - begin < turns;)
        turn(loop);
}

static void add_events(int vm) {
    doorbell = check("eventfd", eventfd(0, EFD_NONBLOCK));
    message = check("eventfd", eventfd(0, EFD_NONBLOCK));
    poller = check("epoll_create1", epoll_create1(0));
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    check("epoll_ctl", epoll_ctl(poller, EPOLL_CTL_ADD, doorbell, &event));
    struct kvm_ioeventfd kick = {.addr = DOORBELL & 0xFFFFFFFFu, .fd = doorbell};
    check("KVM_IOEVENTFD", ioctl(vm, KVM_IOEVENTFD, &kick));
    struct {
        struct kvm_irq_routing header;
        struct kvm_irq_routing_entry entries[1];
    } routes = {.header.nr = 1, .entries[0] = {.gsi = GSI, .type = KVM_IRQ_ROUTING_MSI,
        .u.msi = {.address_lo = LOCAL_APIC & 0xFFFFFFFFu, .data = VECTOR}}};
    check("KVM_SET_GSI_ROUTING", ioctl(vm, KVM_SET_GSI_ROUTING, &routes));
    struct kvm_irqfd interrupt = {.fd = message, .gsi = GSI};
    check("KVM_IRQFD", ioctl(vm, KVM_IRQFD, &interrupt));
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    int kvm = check("/dev/kvm", open("/dev/kvm", O_RDWR | O_CLOEXEC));
    int vm = check("KVM_CREATE_VM", ioctl(kvm, KVM_CREATE_VM, 0));
    uint64_t identity = 0xFEFFC000;
    check("KVM_SET_IDENTITY_MAP_ADDR", ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity));
    check("KVM_SET_TSS_ADDR", ioctl(vm, KVM_SET_TSS_ADDR, 0xFEFFD000));
    check("KVM_CREATE_IRQCHIP", ioctl(vm, KVM_CREATE_IRQCHIP, 0));
    struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
    check("KVM_CREATE_PIT2", ioctl(vm, KVM_CREATE_PIT2, &pit));
    unsigned char *memory = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t byte = 0; argv[4][2 * byte] != 0; byte++)
        check("code", sscanf(argv[4] + 2 * byte, "%2hhx", memory + CODE + byte) - 1);
    struct kvm_userspace_memory_region region = {.memory_size = 1 << 20, .userspace_addr = (uint64_t) memory};
    check("KVM_SET_USER_MEMORY_REGION", ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
    int vcpu = check("KVM_CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 0));
    int bytes = check("KVM_GET_VCPU_MMAP_SIZE", ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
    area = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

    struct {
        struct kvm_cpuid2 header;
        struct kvm_cpuid_entry2 entries[256];
    } cpuid = {.header.nent = 256};
    check("KVM_GET_SUPPORTED_CPUID", ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid));
    check("KVM_SET_CPUID2", ioctl(vcpu, KVM_SET_CPUID2, &cpuid));

    struct kvm_sregs sregs;
    check("KVM_GET_SREGS", ioctl(vcpu, KVM_GET_SREGS, &sregs));
    struct kvm_segment flat = {.limit = 0xFFFFFFFF, .selector = 0x18, .type = 3, .present = 1, .s = 1, .db = 1, .g = 1};
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat;
    flat.selector = 0x10;
    flat.type = 11;
    sregs.cs = flat;
    sregs.cr0 = 0x11;
    check("KVM_SET_SREGS", ioctl(vcpu, KVM_SET_SREGS, &sregs));
    struct kvm_regs regs = {.rip = CODE, .rflags = 2};
    check("KVM_SET_REGS", ioctl(vcpu, KVM_SET_REGS, &regs));

    long warm_up = atol(argv[2]), timed = atol(argv[3]);
    if (strcmp(argv[1], "exit") == 0) {
        let_kicks_in(vcpu);
        run(vcpu, area, warm_up);
        double from = now();
        run(vcpu, area, timed);
        printf("%.1f\n", (now() - from) / timed);
        return 0;
    }
    counter = (uint32_t *) (memory + COUNTER);
    vcpu_file = vcpu;
    add_events(vm);
    pthread_t thread;
    check("pthread_create", -pthread_create(&thread, NULL, run_cpu, NULL));
    while (strcmp(argv[1], "interrupt") == 0 && *counter == 0)
        __builtin_ia32_pause();
    serve(argv[1], warm_up);
    double from = now();
    uint32_t begin = *counter;
    serve(argv[1], timed);
    printf("%.1f\n", (now() - from) / (*counter - begin));
    fflush(stdout);
    _exit(0);
}
