package io.drover.vmm.seccomp;

import io.drover.vmm.linux.Errno;
import io.drover.vmm.linux.SystemCallException;
import io.drover.vmm.linux.SystemCallFilter;
import java.util.ArrayList;
import java.util.List;

/**
 * What a VMM process gives up for good before it touches anything of its guest's. A list of what is denied, not of what is
 * allowed: the calls that the JVM makes change from release to release, while those that would help somebody who has
 * taken the process over, and that the JVM never makes, do not. docs/security.md has the reasons.
 */
public final class VmmFilter {
    private static final long SOCKET = 41;
    private static final long CLONE = 56;
    private static final long CLONE3 = 435;
    /** linux/socket.h. */
    private static final int AF_UNIX = 1;
    /** linux/sched.h: CLONE_THREAD. */
    private static final int THREAD = 0x00010000;

    /** Into other processes: ptrace, process_vm_readv, process_vm_writev, kcmp, pidfd_getfd, process_madvise. */
    private static final List<Long> OTHER_PROCESSES = List.of(101L, 310L, 311L, 312L, 438L, 440L);
    /**
     * The kernel itself: iopl, ioperm, modules, kexec, bpf, perf_event_open, userfaultfd, lookup_dcookie, syslog,
     * modify_ldt.
     */
    private static final List<Long> KERNEL = List.of(172L, 173L, 175L, 176L, 313L, 246L, 320L, 321L, 298L, 323L, 212L,
            103L, 154L);
    /** Large and young parts of the kernel that nothing here uses: keys, io_uring, fanotify, file handles, old calls. */
    private static final List<Long> UNUSED = List.of(248L, 249L, 250L, 425L, 426L, 427L, 300L, 301L, 303L, 304L, 134L,
            135L, 136L, 139L, 156L, 180L);
    /** The host as a whole: acct, settimeofday, swapon, swapoff, reboot, host and domain name, quotas, clocks, vhangup. */
    private static final List<Long> HOST = List.of(163L, 164L, 167L, 168L, 169L, 170L, 171L, 179L, 443L, 159L, 227L,
            305L,
            153L);
    /** Where other processes' memory lies: set_mempolicy, migrate_pages, move_pages. The guest's own is placed by mbind. */
    private static final List<Long> PLACEMENT = List.of(238L, 256L, 279L);
    /** mknod, mknodat. */
    private static final List<Long> DEVICE_NODES = List.of(133L, 259L);

    /** setuid and its kin, capset: what passt drops its own rights with. */
    private static final List<Long> IDENTITY = List.of(105L, 106L, 113L, 114L, 116L, 117L, 119L, 122L, 123L, 126L);
    /** unshare, setns, chroot. */
    private static final List<Long> NAMESPACE_CALLS = List.of(272L, 308L, 161L);
    /** mount, umount2, pivot_root, and the newer calls of the same kind. */
    private static final List<Long> MOUNTS = List.of(165L, 166L, 155L, 428L, 429L, 430L, 431L, 432L, 433L, 442L);
    /** fork, vfork, execve, execveat. */
    private static final List<Long> PROGRAMS = List.of(57L, 58L, 59L, 322L);

    private VmmFilter() {}

    /**
     * Puts the filter on all threads of this process, and on all that it starts from now on.
     *
     * @param startsPasst
     *            a VM with a user network starts passt, which confines itself: with this the process keeps the calls that
     *            passt needs for it, to start programs, and to use sockets other than Unix ones
     * @throws SystemCallException
     *             when the kernel cannot: nothing is confined then
     */
    public static void install(boolean startsPasst) throws SystemCallException {
        SystemCallFilter.install(program(startsPasst));
    }

    /** The program alone. */
    static byte[] program(boolean startsPasst) {
        return FilterProgram.of(rules(startsPasst));
    }

    private static List<CallRule> rules(boolean startsPasst) {
        List<CallRule> rules = new ArrayList<>();
        for (List<Long> calls : List.of(OTHER_PROCESSES, KERNEL, UNUSED, HOST, PLACEMENT, DEVICE_NODES)) {
            deny(rules, calls);
        }
        if (!startsPasst) {
            for (List<Long> calls : List.of(IDENTITY, NAMESPACE_CALLS, MOUNTS, PROGRAMS)) {
                deny(rules, calls);
            }
            // Its arguments lie where a filter cannot look: libc then uses clone.
            rules.add(new CallRule.Denied(CLONE3, Errno.ENOSYS));
            rules.add(new CallRule.DeniedWithoutBits(CLONE, 0, THREAD, Errno.EPERM));
            rules.add(new CallRule.AllowedWith(SOCKET, 0, List.of(AF_UNIX), Errno.EPERM));
        }
        return rules;
    }

    private static void deny(List<CallRule> rules, List<Long> calls) {
        for (long call : calls) {
            rules.add(new CallRule.Denied(call, Errno.EPERM));
        }
    }
}
