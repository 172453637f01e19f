/*
 * The same guest and the same work per exit as io.drover.vmm.bench.ExitLoop, in C: what an exit costs at least.
 * Prints nanoseconds per exit. Arguments: exits to warm up with, exits to time.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

static const unsigned char code[] = {0xFF, 0x05, 0x00, 0x80, 0, 0, 0xE6, 0x10, 0xEB, 0xF6};

/* A bus of two devices, found by address and called through a pointer, as any VMM has to. */
struct device {
    uint64_t base, end;
    void (*write)(uint64_t offset, int bytes, uint64_t value);
};
static volatile uint64_t written;
static void count(uint64_t offset, int bytes, uint64_t value) { written += value + offset + bytes; }
static struct device devices[] = {{0x10, 0x18, count}, {0x300, 0x308, count}};

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
        if (run->exit_reason != KVM_EXIT_IO || run->io.direction != KVM_EXIT_IO_OUT)
            exit(2);
        unsigned char *data = (unsigned char *) run + run->io.data_offset;
        for (unsigned access = 0; access < run->io.count; access++) {
            uint64_t value = 0;
            memcpy(&value, data + access * run->io.size, run->io.size);
            bus_write(run->io.port, run->io.size, value);
        }
    }
}

int main(int argc, char **argv) {
    int kvm = check("/dev/kvm", open("/dev/kvm", O_RDWR | O_CLOEXEC));
    int vm = check("KVM_CREATE_VM", ioctl(kvm, KVM_CREATE_VM, 0));
    uint64_t identity = 0xFEFFC000;
    check("KVM_SET_IDENTITY_MAP_ADDR", ioctl(vm, KVM_SET_IDENTITY_MAP_ADDR, &identity));
    check("KVM_SET_TSS_ADDR", ioctl(vm, KVM_SET_TSS_ADDR, 0xFEFFD000));
    check("KVM_CREATE_IRQCHIP", ioctl(vm, KVM_CREATE_IRQCHIP, 0));
    struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
    check("KVM_CREATE_PIT2", ioctl(vm, KVM_CREATE_PIT2, &pit));
    unsigned char *memory = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memcpy(memory + 0x1000, code, sizeof code);
    struct kvm_userspace_memory_region region = {.memory_size = 1 << 20, .userspace_addr = (uint64_t) memory};
    check("KVM_SET_USER_MEMORY_REGION", ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
    int vcpu = check("KVM_CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 0));
    int bytes = check("KVM_GET_VCPU_MMAP_SIZE", ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0));
    struct kvm_run *area = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

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
    struct kvm_regs regs = {.rip = 0x1000, .rflags = 2};
    check("KVM_SET_REGS", ioctl(vcpu, KVM_SET_REGS, &regs));

    /* Kicked as ours is, without a signal handler: a signal that is let in while the guest runs only. */
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

    long timed = atol(argv[2]);
    run(vcpu, area, atol(argv[1]));
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    run(vcpu, area, timed);
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.1f\n", ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / timed);
    return 0;
}
